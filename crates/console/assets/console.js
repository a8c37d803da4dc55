// Spares reloads, keeps the focus, follows changes, and adds keys. Everything works without it.

const main = () => document.getElementById("main");

/* Times are shown in the time zone of the browser. */
const times = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const shown = new WeakMap();
function localize(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const date = new Date(time.dateTime);
    if (time.dataset.local || Number.isNaN(date.getTime())) continue;
    time.title = time.textContent;
    time.textContent = times.format(date);
    time.dataset.local = "1";
  }
  // Fields for a time are in the zone of the browser; the server takes UTC.
  for (const field of root.querySelectorAll("input[type=datetime-local][data-utc]")) {
    if (field.dataset.local) continue;
    field.dataset.local = "1";
    if (field.value) field.value = local(new Date(`${field.value}Z`));
    const zone = field.form?.querySelector(`[data-zone="${field.name}"]`);
    if (zone) zone.textContent = "your time";
  }
}
function local(date) {
  const moved = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return moved.toISOString().slice(0, 19);
}

/* A message with Undo goes away after ten seconds, unless somebody is at it. */
function fade(root) {
  for (const message of root.querySelectorAll(".message")) {
    const timer = setInterval(() => {
      if (message.matches(":hover, :focus-within")) return;
      clearInterval(timer);
      message.remove();
    }, 10_000);
  }
  const address = new URL(location.href);
  const shown = [...address.searchParams.keys()].filter((it) => it === "done" || it.startsWith("done_"));
  if (shown.length) {
    shown.forEach((it) => address.searchParams.delete(it));
    history.replaceState(history.state, "", address);
  }
}

/* Pages are put into place without a reload. */
let visit = 0;
async function go(request, { push = true, focus = true } = {}) {
  const number = ++visit;
  main().setAttribute("aria-busy", "true");
  let answer;
  try {
    answer = await fetch(request, { credentials: "same-origin" });
  } catch {
    location.reload();
    return;
  }
  const isPage = (answer.headers.get("content-type") ?? "").startsWith("text/html");
  if (!isPage) {
    location.href = answer.url;
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (number !== visit) return;
  if (push && answer.url !== location.href) history.pushState({}, "", answer.url);
  const at = focus ? null : path(document.activeElement);
  document.title = page.title;
  document.documentElement.dataset.theme = page.documentElement.dataset.theme;
  document.body.dataset.base = page.body.dataset.base ?? "";
  document.body.replaceChildren(...page.body.childNodes);
  begin(document);
  if (focus) {
    const field = main()?.querySelector("[autofocus]");
    const problem = field ?? main()?.querySelector("[role=alert]");
    if (!answer.ok && problem) problem.scrollIntoView({ block: "center" });
    const wanted = (answer.ok && document.querySelector(location.hash || "#none")) || field;
    (wanted ?? main())?.focus({ preventScroll: !!location.hash || !answer.ok });
    if (!location.hash && answer.ok) scrollTo(0, 0);
  } else if (at) {
    document.querySelector(at)?.focus({ preventScroll: true });
  }
}
function path(element) {
  if (element?.id) return `#${CSS.escape(element.id)}`;
  if (element?.name) return `[name="${CSS.escape(element.name)}"]`;
  const row = element?.closest?.("tr[id], li[id]");
  const href = element?.getAttribute?.("href");
  return row && href ? `#${CSS.escape(row.id)} [href="${CSS.escape(href)}"]` : null;
}
const isOurs = (url) => url.origin === location.origin && url.pathname.startsWith("/console/")
  && !url.pathname.startsWith("/console/assets/");

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const url = new URL(link.href);
  if (!isOurs(url) || link.target || link.hasAttribute("download") || link.getAttribute("href").startsWith("#")) return;
  event.preventDefault();
  go(url.href);
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (event.defaultPrevented || form.method === "dialog") return;
  const url = new URL(button?.getAttribute("formaction") ?? form.action);
  const isFile = form.enctype === "multipart/form-data";
  if (!isOurs(url) || isFile || form.hasAttribute("data-plain")) return;
  event.preventDefault();
  for (const field of form.querySelectorAll("input[type=datetime-local][data-utc][data-local]")) {
    if (field.value) {
      field.value = new Date(field.value).toISOString().slice(0, 19);
      delete field.dataset.local;
    }
  }
  const fields = new URLSearchParams(new FormData(form, button));
  if (form.method === "post") {
    go(new Request(url, { method: "POST", body: fields }));
  } else {
    for (const [name, value] of [...fields]) if (!value) fields.delete(name);
    url.search = fields;
    go(url.href);
  }
});
addEventListener("popstate", () => go(location.href, { push: false }));

/* What others change is shown, unless somebody is typing there. */
let stream = null;
let pending = null;
let paused = false;
function follow() {
  stream?.close();
  stream = null;
  const parts = document.querySelectorAll("[data-live]");
  const base = document.body.dataset.base;
  if (!parts.length || !base) return;
  stream = new EventSource(`${base}/live`);
  stream.addEventListener("change", () => {
    if (paused || pending) return;
    pending = setTimeout(refresh, 400);
  });
}
async function refresh() {
  pending = null;
  const number = visit;
  const answer = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok || answer.redirected || number !== visit) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = page.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
    if (!next || next.innerHTML === shown.get(part) || isBusy(part)) continue;
    const before = new Map([...part.querySelectorAll("tr[id], li[id]")].map((row) => [row.id, shown.get(row)]));
    const at = part.contains(document.activeElement) ? path(document.activeElement) : null;
    part.replaceChildren(...document.adoptNode(next).childNodes);
    remember(part);
    for (const row of part.querySelectorAll("tr[id], li[id]")) {
      if (before.get(row.id) !== shown.get(row)) row.classList.add("changed");
    }
    if (at) part.querySelector(at)?.focus({ preventScroll: true });
  }
}
function remember(part) {
  shown.set(part, part.innerHTML);
  for (const row of part.querySelectorAll("tr[id], li[id]")) shown.set(row, row.textContent);
  localize(part);
}
function isBusy(part) {
  const fields = part.querySelectorAll("input:not([type=hidden], [type=checkbox], [type=radio]), textarea");
  const typed = [...fields].some((field) => field.value !== field.defaultValue);
  return typed || !!part.querySelector("details[open], input[type=checkbox]:checked");
}

/* Keys */
let gone = 0;
document.addEventListener("keydown", (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || event.target.closest?.("input:not([type=checkbox]), textarea, select")) return;
  const isGoing = Date.now() - gone < 1500;
  gone = 0;
  if (isGoing) {
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) {
      event.preventDefault();
      link.click();
    }
    return;
  }
  const keys = {
    "/": () => document.getElementById("search")?.focus(),
    "?": () => document.getElementById("keys")?.showModal(),
    g: () => { gone = Date.now(); },
    j: () => move(1),
    k: () => move(-1),
    e: () => row()?.querySelector("input:not([type=hidden], [type=checkbox]), summary, button")?.focus(),
    Enter: () => event.target.matches("a, button, summary") ? null : row()?.querySelector("th a, td a")?.click(),
  };
  if (keys[event.key] && keys[event.key]() !== null) event.preventDefault();
});
const row = () => document.querySelector("tr.at");
function move(step) {
  const rows = [...main().querySelectorAll(".data tbody tr")];
  if (!rows.length) return;
  const at = rows.indexOf(row());
  row()?.classList.remove("at");
  const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  next.classList.add("at");
  next.scrollIntoView({ block: "nearest" });
  (next.querySelector("a, button, input:not([type=hidden])") ?? next).focus({ preventScroll: true });
}

/* In a column of fields, the arrows go to the next one, and to the one before. */
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const cell = step && event.target.closest?.(".data input.change:not([list])")?.closest("td");
  if (!cell || event.metaKey || event.ctrlKey || event.altKey || event.shiftKey) return;
  const fields = [...cell.closest("tbody").rows].map((row) => row.cells[cell.cellIndex]?.querySelector("input.change"));
  const column = fields.filter((field) => field);
  const next = column[column.indexOf(cell.querySelector("input.change")) + step];
  event.preventDefault();
  next?.focus();
  next?.select();
});

/* The menu is folded on a narrow screen. On a wide one it is open: nothing there would open it. */
const wide = matchMedia("(width >= 60rem)");

function foldMenu(root) {
  for (const menu of root.querySelectorAll(".sections")) menu.open = wide.matches;
}

wide.addEventListener("change", () => foldMenu(document));

/* Parts of pages that only a script can offer. */
function enhance(root) {
  foldMenu(root);
  for (const button of root.querySelectorAll("[data-pause]")) {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(paused));
    button.addEventListener("click", () => {
      paused = !paused;
      button.setAttribute("aria-pressed", String(paused));
      if (!paused) refresh();
    });
  }
  for (const button of root.querySelectorAll("[data-tick]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const boxes = [...button.form.querySelectorAll(`input[name="${button.dataset.tick}"]`)];
      const all = boxes.every((box) => box.checked);
      boxes.forEach((box) => { box.checked = !all; });
    });
  }
  const wait = root.querySelector("[data-refresh]");
  if (wait) {
    const number = visit;
    setTimeout(() => { if (number === visit) go(location.href, { push: false, focus: false }); }, 1000);
  }
}
function begin(root) {
  root.querySelectorAll("[data-live]").forEach(remember);
  localize(root);
  fade(root);
  enhance(root);
  follow();
}
begin(document);
