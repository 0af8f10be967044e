// Adding a book and editing one: the same form.

import "./form.css";
import { SHELVES, shelfNamed, type Book } from "../books.ts";
import { field } from "../page.ts";
import { href, navigate } from "../router.ts";
import { add, edit, find, type Details } from "../store.ts";
import type { Show } from "../view.ts";
import { bookPath } from "./parts.tsx";

export const newView: Show = () => ({
  title: "Add a book",
  isForm: true,
  content: <BookForm title="Add a book" back="/library/" save={(details) => navigate(bookPath(add(details)))} />,
});

export const editView: Show = ({ id = "" }) => {
  const book = find(id);
  if (!book) return undefined;
  const save = (details: Details): void => {
    edit(id, details);
    void navigate(bookPath(book.id));
  };
  const title = `Edit ${book.title}`;
  return { title, isForm: true, content: <BookForm title={title} book={book} back={bookPath(book.id)} save={save} /> };
};

interface FormProperties {
  readonly title: string;
  /** What is edited; none when a book is added. */
  readonly book?: Book;
  /** Where “Cancel” leads. */
  readonly back: string;
  readonly save: (details: Details) => void;
}

function BookForm({ title, book, back, save }: FormProperties): Node {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    save({
      title: field(event.target, "title"),
      author: field(event.target, "author"),
      pages: Number(field(event.target, "pages")),
      shelf: shelfNamed(field(event.target, "shelf"))?.shelf ?? "wanted",
    });
  };
  return (
    <>
      <header class="head">
        <p class="eyebrow"><a href={href("/library/")}>Library</a></p>
        <h1>{title}</h1>
      </header>
      <form class="book-form" onsubmit={submit}>
        <TextField name="title" label="Title" value={book?.title ?? ""} />
        <TextField name="author" label="Author" value={book?.author ?? ""} />
        <div class="field">
          <label for="pages">Pages</label>
          <input id="pages" name="pages" type="number" inputmode="numeric" min={1} max={9999} value={book?.pages ?? ""} required />
        </div>
        <div class="field">
          <label for="shelf">Shelf</label>
          <select id="shelf" name="shelf">
            {SHELVES.map(({ shelf, label }) => (
              <option value={shelf} selected={shelf === (book?.shelf ?? "wanted")}>{label}</option>
            ))}
          </select>
        </div>
        <p class="actions">
          <button class="button">{book ? "Save" : "Add"}</button>
          <a class="button quiet" href={href(back)}>Cancel</a>
        </p>
      </form>
    </>
  );
}

function TextField({ name, label, value }: { readonly name: string; readonly label: string; readonly value: string }): Node {
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input id={name} name={name} type="text" value={value} required autocomplete="off" pattern=".*\S.*" />
    </div>
  );
}
