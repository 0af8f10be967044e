// A path the app does not know, or a book that is not there any more.

import { h } from "../dom.ts";
import { href } from "../router.ts";
import type { View } from "../view.ts";

export function missingView(path: string): View {
  return {
    title: "Not on the shelf",
    content: [
      h(
        "div",
        { class: "missing" },
        h("p", { class: "eyebrow" }, "Not found"),
        h("h1", {}, "Not on the shelf"),
        h("p", {}, "There is nothing at ", h("code", {}, path), ". It may have been lent to someone."),
        h("p", { class: "actions" }, h("a", { class: "button", href: href("/library/") }, "To the library"), h("a", { class: "button quiet", href: href("/") }, "Today")),
      ),
    ],
  };
}
