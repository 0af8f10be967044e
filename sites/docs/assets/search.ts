// The way to the search: a button, `/`, or Ctrl and K. What searches is fetched when it is asked for first.

export function setUpSearch(): void {
  const button = document.querySelector<HTMLButtonElement>(".search-button");
  const index = document.querySelector<HTMLLinkElement>("link[rel='search-index']");
  if (!button || !index) return;
  button.hidden = false;
  let dialog: Promise<{ open(): void }> | undefined;
  const open = async (): Promise<void> => {
    dialog ??= import("./search-dialog.ts").then(({ SearchDialog }) => new SearchDialog(index.href));
    (await dialog).open();
  };
  button.addEventListener("click", () => void open());
  document.addEventListener("keydown", (event) => {
    const isSlash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target);
    const isLetter = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    if (!isSlash && !isLetter) return;
    event.preventDefault();
    void open();
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
