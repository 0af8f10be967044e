// A button on every block of code that copies it.

import "./copy-buttons.css";

export function setUpCopyButtons(): void {
  for (const block of document.querySelectorAll<HTMLPreElement>(".prose pre")) {
    block.tabIndex = 0;
    const frame = document.createElement("div");
    frame.className = "code";
    block.replaceWith(frame);
    frame.append(block, copyButton(block));
  }
}

function copyButton(block: HTMLPreElement): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy this code");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText((block.textContent ?? "").trimEnd());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy";
    }
    setTimeout(() => {
      button.textContent = "Copy";
    }, 1600);
  });
  return button;
}
