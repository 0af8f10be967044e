// All books: as spines on a shelf and as a list, by shelf and by words. Both are in the address, so a link shows the same.

import "./library.css";
import { mayNeed } from "sitekit";
import { SHELVES, matches, shelfNamed, type Book } from "../books.ts";
import { href, navigate } from "../router.ts";
import { books } from "../store.ts";
import type { Show } from "../view.ts";
import { BookLink, count } from "./parts.tsx";
import { Shelf } from "./spine.tsx";

mayNeed(() => import("./book.tsx"));
mayNeed(() => import("./form.tsx"));

export const libraryView: Show = (_, { query }) => {
  const shelf = shelfNamed(query.get("shelf"));
  const words = query.get("q") ?? "";
  const onShelf = books().filter((book) => !shelf || book.shelf === shelf.shelf);
  const found = onShelf.filter((book) => matches(book, words));
  return {
    title: shelf ? `${shelf.label} · Library` : "Library",
    content: (
      <>
        <header class="head head-with-action">
          <div>
            <p class="eyebrow">{count(books().length, "book", "books")}</p>
            <h1>Library</h1>
          </div>
          <a class="button" href={href("/library/new/")}>Add a book</a>
        </header>
        <div class="filters">
          <nav class="tabs" aria-label="Shelves">
            <ul>
              <ShelfLink label="All" address={address(null, words)} isCurrent={!shelf} />
              {SHELVES.map((entry) => (
                <ShelfLink label={entry.label} address={address(entry.shelf, words)} isCurrent={entry === shelf} />
              ))}
            </ul>
          </nav>
          <form role="search" onsubmit={(event) => event.preventDefault()}>
            <label for="search" class="visually-hidden">Search titles and authors</label>
            <input
              id="search"
              type="search"
              placeholder="Search"
              autocomplete="off"
              value={words}
              oninput={({ target }) => {
                if (target instanceof HTMLInputElement) search(target, shelf?.shelf ?? null);
              }}
            />
          </form>
        </div>
        {found.length > 0 ? (
          <Shelf books={found} />
        ) : (
          <p class="empty">{words === "" ? "This shelf is empty." : `No title or author has “${words}” in it.`}</p>
        )}
        <ul class="books">
          {found.map((book) => (
            <Row book={book} />
          ))}
        </ul>
      </>
    ),
  };
};

function Row({ book }: { readonly book: Book }): Node {
  return (
    <li>
      <h2><BookLink book={book} /></h2>
      <p class="author">{book.author}</p>
      <p class="tag">{shelfNamed(book.shelf)?.label}{book.stars > 0 && ` · ${"★".repeat(book.stars)}`}</p>
    </li>
  );
}

function ShelfLink(shelf: { readonly label: string; readonly address: string; readonly isCurrent: boolean }): Node {
  return (
    <li>
      <a href={href(shelf.address)} aria-current={shelf.isCurrent && "page"}>{shelf.label}</a>
    </li>
  );
}

function address(shelf: string | null, words: string): string {
  const query = new URLSearchParams();
  if (shelf) query.set("shelf", shelf);
  if (words) query.set("q", words);
  const text = query.toString();
  return text === "" ? "/library/" : `/library/?${text}`;
}

/** The view is drawn again with every letter; the reader goes on typing where they were. */
async function search(input: HTMLInputElement, shelf: string | null): Promise<void> {
  const caret = input.selectionStart;
  await navigate(address(shelf, input.value), "replace");
  const next = document.getElementById("search");
  if (next instanceof HTMLInputElement) {
    next.focus();
    next.setSelectionRange(caret, caret);
  }
}
