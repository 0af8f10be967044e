// One book: where the reader is, what they thought, and the days they read it on.

import "./book.css";
import { mayNeed } from "sitekit";
import { SHELVES, pageReached, type Book } from "../books.ts";
import { field } from "../page.ts";
import { href, navigate } from "../router.ts";
import { addNote, find, moveTo, rate, remove, removeNote } from "../store.ts";
import type { Show } from "../view.ts";
import { Bar, PageForm, bookPath, count, longDate } from "./parts.tsx";
import { Spine } from "./spine.tsx";

mayNeed(() => import("./form.tsx"));

interface Of {
  readonly book: Book;
}

export const bookView: Show = ({ id = "" }) => {
  const book = find(id);
  if (!book) return undefined;
  const leave = (): void => {
    if (!confirm(`Remove “${book.title}” and its notes?`)) return;
    void navigate("/library/");
    remove(book.id);
  };
  return {
    title: book.title,
    content: (
      <article class="book">
        <div class="book-spine" aria-hidden="true" inert>
          <Spine book={book} />
        </div>
        <div class="book-body">
          <header class="head">
            <p class="eyebrow"><a href={href("/library/")}>Library</a></p>
            <h1>{book.title}</h1>
            <p class="author">{book.author}, {count(book.pages, "page", "pages")}</p>
          </header>
          <div class="card">
            <Bar book={book} />
            <PageForm book={book} />
            <Shelves book={book} />
            <Stars book={book} />
          </div>
          <Notes book={book} />
          {book.marks.length > 0 && <Days book={book} />}
          <p class="actions">
            <a class="button quiet" href={href(`${bookPath(book.id)}edit/`)}>Edit</a>
            <button type="button" class="button quiet danger" onclick={leave}>Remove</button>
          </p>
        </div>
      </article>
    ),
  };
};

function Shelves({ book }: Of): Node {
  return (
    <fieldset class="choices">
      <legend>Shelf</legend>
      {SHELVES.map(({ shelf, label }) => (
        <Choice group="shelf" value={shelf} label={label} checked={book.shelf === shelf} choose={() => moveTo(book.id, shelf)} />
      ))}
    </fieldset>
  );
}

function Stars({ book }: Of): Node {
  return (
    <fieldset class="choices">
      <legend>Stars</legend>
      {[0, 1, 2, 3, 4, 5].map((stars) => (
        <Choice
          group="stars"
          value={stars}
          label={stars === 0 ? "none" : String(stars)}
          checked={book.stars === stars}
          choose={() => rate(book.id, stars)}
        />
      ))}
    </fieldset>
  );
}

interface ChoiceProperties {
  readonly group: string;
  readonly value: string | number;
  readonly label: string;
  readonly checked: boolean;
  readonly choose: () => void;
}

function Choice({ group, value, label, checked, choose }: ChoiceProperties): Node {
  const id = `${group}-${value}`;
  return (
    <span>
      <input type="radio" id={id} name={group} checked={checked} onchange={choose} />
      <label for={id}>{label}</label>
    </span>
  );
}

function Notes({ book }: Of): Node {
  const keep = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.target instanceof HTMLFormElement)) return;
    addNote(book.id, { page: Number(field(event.target, "note-page")), text: field(event.target, "note-text") });
  };
  return (
    <section class="notes" aria-labelledby="notes-title">
      <h2 id="notes-title">Notes</h2>
      {book.notes.length > 0 && (
        <ol>
          {book.notes.map((note, index) => (
            <li>
              <p>{note.text}</p>
              <footer>
                p. {note.page}, {longDate(note.day)}{" "}
                <button
                  type="button"
                  class="link"
                  aria-label={`Remove the note on page ${note.page}`}
                  onclick={() => removeNote(book.id, index)}
                >
                  Remove
                </button>
              </footer>
            </li>
          ))}
        </ol>
      )}
      <form class="note-form" onsubmit={keep}>
        <label for="note-text">A line worth keeping, or a thought</label>
        <textarea id="note-text" name="note-text" rows={3} required />
        <div>
          <label for="note-page">Page</label>
          <input
            id="note-page"
            name="note-page"
            type="number"
            inputmode="numeric"
            min={0}
            max={book.pages}
            value={pageReached(book)}
            required
          />
          <button class="button" id="note-keep">Keep</button>
        </div>
      </form>
    </section>
  );
}

function Days({ book }: Of): Node {
  return (
    <details class="days">
      <summary>Read on {count(book.marks.length, "day", "days")}</summary>
      <ol>
        {[...book.marks].reverse().map((mark) => (
          <li>
            <span>{longDate(mark.day)}</span>
            <span>p. {mark.page}</span>
          </li>
        ))}
      </ol>
    </details>
  );
}
