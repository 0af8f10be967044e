// A path the app does not know, a book that is not there any more, a view that could not be fetched.

import { href, type Location, type Parameters } from "../router.ts";
import type { Show, View } from "../view.ts";

export const missingView = (_: Parameters, { path }: Location): View => ({
  title: "Not on the shelf",
  content: (
    <div class="missing">
      <p class="eyebrow">Not found</p>
      <h1>Not on the shelf</h1>
      <p>There is nothing at <code>{path}</code>. It may have been lent to someone.</p>
      <p class="actions">
        <a class="button" href={href("/library/")}>To the library</a>
        <a class="button quiet" href={href("/")}>Today</a>
      </p>
    </div>
  ),
});

export const unreachableView: Show = () => ({
  title: "Out of reach",
  content: (
    <div class="missing">
      <p class="eyebrow">Not fetched</p>
      <h1>Out of reach</h1>
      <p>This page could not be fetched. Your books are safe: they are in this browser.</p>
      <p class="actions">
        <button type="button" class="button" onclick={() => window.location.reload()}>Try again</button>
      </p>
    </div>
  ),
});
