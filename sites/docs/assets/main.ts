// The manual's behaviour. Every part stands alone, and the pages are complete without any of them.

import { setUpDrawer } from "./drawer.ts";
import { setUpSearch } from "./search.ts";
import { setUpTheme } from "./theme.ts";

setUpTheme();
setUpDrawer();
setUpSearch();

// What only some pages have use for is fetched by those.
if (document.querySelector(".prose pre")) {
  void import("./copy-buttons.ts").then(({ setUpCopyButtons }) => setUpCopyButtons());
}
if (document.querySelector(".toc a")) {
  void import("./reading-mark.ts").then(({ setUpReadingMark }) => setUpReadingMark());
}
