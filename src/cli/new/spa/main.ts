import { views } from "./views.ts";

// Where the app is mounted, such as `/{{name}}/`.
const base = new URL(document.baseURI).pathname;
const main = document.querySelector("main")!;

/** Shows what belongs to the address. After a click, readers of screens are told by the focus. */
function show(clicked: boolean): void {
  const path = location.pathname.slice(base.length - 1);
  const { title, body } = views[path] ?? views["/404/"]!;
  document.title = title;
  const heading = document.createElement("h1");
  heading.textContent = title;
  const text = document.createElement("p");
  text.textContent = body;
  main.replaceChildren(heading, text);
  if (clicked) main.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!link || !isPlain || link.origin !== location.origin || !link.pathname.startsWith(base) || link.hash) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  show(true);
});

addEventListener("popstate", () => show(false));
show(false);
