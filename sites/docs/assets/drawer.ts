// The contents of the manual: on narrow screens a drawer, elsewhere a sidebar that is scrolled to the current page.

export function setUpDrawer(): void {
  const button = document.querySelector<HTMLButtonElement>(".drawer-button");
  const drawer = document.querySelector<HTMLElement>("#contents");
  const main = document.querySelector<HTMLElement>("main");
  if (!button || !drawer || !main) return;
  button.hidden = false;
  document.documentElement.classList.add("has-drawer");
  const narrow = matchMedia("(max-width: 60rem)");

  const set = (open: boolean): void => {
    button.setAttribute("aria-expanded", String(open));
    document.documentElement.classList.toggle("drawer-open", open);
    main.inert = open;
    drawer.inert = narrow.matches && !open;
    if (open) drawer.querySelector<HTMLElement>("[aria-current], a")?.focus();
  };
  set(false);
  button.addEventListener("click", () => set(button.getAttribute("aria-expanded") !== "true"));
  narrow.addEventListener("change", () => set(false));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && button.getAttribute("aria-expanded") === "true") {
      set(false);
      button.focus();
    }
  });

  // The current page is in view in the sidebar, without moving the page itself.
  const current = drawer.querySelector<HTMLElement>("[aria-current]");
  if (current) drawer.scrollTop = current.offsetTop - drawer.clientHeight / 3;
}
