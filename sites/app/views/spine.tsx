// Books as on a shelf: spines as thick as they have pages, each in a colour of its own.

import { spineHue, type Book } from "../books.ts";
import { href } from "../router.ts";
import { bookPath } from "./parts.tsx";
import styles from "./spine.module.css";

/** A row of spines. A list says the same in words wherever it is shown, so the spines are out of the tab order. */
export function Shelf({ books }: { readonly books: readonly Book[] }): Node {
  return (
    <div class={styles.shelf} aria-hidden="true">
      {books.map((book) => (
        <Spine book={book} />
      ))}
    </div>
  );
}

export function Spine({ book }: { readonly book: Book }): Node {
  const thickness = Math.round(30 + Math.min(book.pages, 1400) / 32);
  const height = 176 + ((book.title.length * 7) % 44);
  return (
    <a
      href={href(bookPath(book.id))}
      class={book.shelf === "wanted" ? `${styles.spine} ${styles.wanted}` : styles.spine}
      style={`--hue: ${spineHue(book)}; inline-size: ${thickness}px; block-size: ${height}px`}
      title={`${book.title}, ${book.author}`}
      tabindex={-1}
    >
      <span>{book.title}</span>
    </a>
  );
}
