// Fills in where the phone is, when its owner asks for it.
const button = document.querySelector("[data-place]");
const said = document.querySelector("[data-place-said]");
if (button && navigator.geolocation) {
  button.hidden = false;
  button.onclick = () =>
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        document.querySelector("[name=lat]").value = coords.latitude.toFixed(6);
        document.querySelector("[name=lon]").value = coords.longitude.toFixed(6);
        said.textContent = said.dataset.done;
      },
      () => (said.textContent = said.dataset.failed),
      { enableHighAccuracy: true, timeout: 15000 },
    );
}
