// Both languages travel with the shell, so that switching works without a network.
const CHINESE = JSON.parse(document.getElementById("patrol-words").textContent);
const A_YEAR = 365 * 24 * 3600;

export const cookie = (name) => document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.split("=")[1];

export function keepCookie(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=${A_YEAR}; SameSite=Lax${secure}`;
}

export const language = cookie("lang") === "en" || cookie("lang") === "zh_CN" ? cookie("lang")
  : document.documentElement.lang.startsWith("zh") ? "zh_CN" : "en";
export const isChinese = language === "zh_CN";

export function t(text, params = {}) {
  const words = isChinese ? (CHINESE[text] ?? text) : text;
  return words.replace(/%\((\w+)\)s/g, (_, name) => params[name] ?? "");
}

// Of what carries its words in both languages.
export const inWords = (thing) => (isChinese ? thing?.zh || thing?.en : thing?.en || thing?.zh) ?? "";

// The city's clock, whatever zone the phone is set to.
const digits = new Intl.DateTimeFormat("en-GB", {
  timeZone: document.documentElement.dataset.zone || undefined, hourCycle: "h23",
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
});
function parts(moment) {
  return Object.fromEntries(digits.formatToParts(moment).map(({ type, value }) => [type, value]));
}
export function dayOf(moment) {
  const { year, month, day } = parts(moment);
  return `${year}-${month}-${day}`;
}
export function hourOf(moment) {
  const { hour, minute } = parts(moment);
  return `${hour}:${minute}`;
}

export function moment(value, { now = new Date() } = {}) {
  const when = new Date(value);
  return dayOf(when) === dayOf(now) ? hourOf(when) : `${dayOf(when).slice(5)} ${hourOf(when)}`;
}
// A deadline at midnight is the end of the day before, as on paper and on the office pages.
export function dueMoment(value, { now = new Date() } = {}) {
  const when = new Date(value);
  if (hourOf(when) !== "00:00") return moment(when, { now });
  const day = dayOf(new Date(when.getTime() - 1));
  return day === dayOf(now) ? "24:00" : `${day.slice(5)} 24:00`;
}
export function dueWhole(value) {
  const when = new Date(value);
  return hourOf(when) === "00:00" ? `${dayOf(new Date(when.getTime() - 1))} 24:00` : whole(when);
}
export const whole = (value) => `${dayOf(new Date(value))} ${hourOf(new Date(value))}`;

export function length(milliseconds) {
  const minutes = Math.max(0, Math.round(milliseconds / 60000));
  if (minutes < 60) return t("%(count)s min", { count: minutes });
  if (minutes < 48 * 60 && minutes % 60 === 0) return t("%(count)s h", { count: minutes / 60 });
  if (minutes < 48 * 60) return t("%(hours)s h %(minutes)s min", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
  return t("%(count)s days", { count: Math.round(minutes / 1440) });
}
