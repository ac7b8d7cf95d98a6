// The telephone intake: the column beside the form follows what is typed; a suggested hazard is taken with one press.
document.addEventListener("change", (event) => {
  if (event.target.name !== "suggested") return;
  document.getElementById("hazard").value = event.target.value;
});
