// The books, and the only module that touches storage. Views read `books()` and call the verbs below.

import { dayOf, markedAt, parseBooks, type Book, type Day, type Note, type Shelf } from "./books.ts";
import { sampleBooks } from "./sample.ts";

const KEY = "octavo:books";

let shelf: readonly Book[] = load();
const listeners = new Set<() => void>();

export function today(): Day {
  return dayOf(new Date());
}

export function books(): readonly Book[] {
  return shelf;
}

export function find(id: string): Book | undefined {
  return shelf.find((book) => book.id === id);
}

/** Calls `listener` after every change, this tab's or another's. */
export function onChange(listener: () => void): void {
  listeners.add(listener);
}

export interface Details {
  readonly title: string;
  readonly author: string;
  readonly pages: number;
  readonly shelf: Shelf;
}

/** Adds a book and gives its id. */
export function add(details: Details): string {
  const id = freshId(details.title);
  const book: Book = { id, stars: 0, marks: [], notes: [], ...details };
  commit([...shelf, details.shelf === "finished" ? markedAt(book, details.pages, today()) : book]);
  return id;
}

export function edit(id: string, details: Details): void {
  update(id, (book) => ({
    ...book,
    ...details,
    marks: book.marks.map((mark) => ({ ...mark, page: Math.min(mark.page, details.pages) })),
  }));
}

export function reachPage(id: string, page: number): void {
  update(id, (book) => markedAt(book, page, today()));
}

export function moveTo(id: string, target: Shelf): void {
  update(id, (book) => (target === "finished" ? markedAt(book, book.pages, today()) : { ...book, shelf: target }));
}

export function rate(id: string, stars: number): void {
  update(id, (book) => ({ ...book, stars }));
}

export function addNote(id: string, note: Omit<Note, "day">): void {
  update(id, (book) => ({
    ...book,
    notes: [...book.notes, { ...note, day: today() }].sort((one, other) => one.page - other.page),
  }));
}

export function removeNote(id: string, index: number): void {
  update(id, (book) => ({ ...book, notes: book.notes.filter((_, at) => at !== index) }));
}

export function remove(id: string): void {
  commit(shelf.filter((book) => book.id !== id));
}

export function replaceAll(next: readonly Book[]): void {
  commit(next);
}

function update(id: string, change: (book: Book) => Book): void {
  commit(shelf.map((book) => (book.id === id ? change(book) : book)));
}

function commit(next: readonly Book[]): void {
  shelf = next;
  try {
    localStorage.setItem(KEY, JSON.stringify(shelf));
  } catch {
    // Storage is off or full: the log lasts as long as the tab.
  }
  notify();
}

function load(): readonly Book[] {
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(KEY);
  } catch {
    // As above.
  }
  return (stored === null ? undefined : parseBooks(stored)) ?? beginning();
}

/** What is there before anything is kept. Where the site's configuration wants no sample, it is not in the script either. */
function beginning(): readonly Book[] {
  return import.meta.env.SAMPLE_SHELF ? sampleBooks(today()) : [];
}

function notify(): void {
  for (const listener of listeners) listener();
}

function freshId(title: string): string {
  const plain = title
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 40);
  const stem = plain === "" || plain === "new" ? "book" : plain;
  let id = stem;
  for (let count = 2; find(id); count += 1) id = `${stem}-${count}`;
  return id;
}

window.addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  shelf = load();
  notify();
});
