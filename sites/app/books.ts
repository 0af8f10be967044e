// What a reading log knows, and what can be computed from it. Pure: no storage, no clock, no elements.

export type Shelf = "reading" | "wanted" | "finished" | "left";

export const SHELVES: readonly { readonly shelf: Shelf; readonly label: string }[] = [
  { shelf: "reading", label: "Reading" },
  { shelf: "wanted", label: "To read" },
  { shelf: "finished", label: "Finished" },
  { shelf: "left", label: "Left" },
];

/** The shelf a text names, whoever wrote it. */
export function shelfNamed(text: unknown): (typeof SHELVES)[number] | undefined {
  return SHELVES.find((entry) => entry.shelf === text);
}

/** A calendar day, `2026-03-14`, in the reader's own time zone. */
export type Day = string;

export interface Note {
  readonly page: number;
  readonly text: string;
  readonly day: Day;
}

/** On `day`, the reader had come to `page`. */
export interface Mark {
  readonly day: Day;
  readonly page: number;
}

export interface Book {
  readonly id: string;
  readonly title: string;
  readonly author: string;
  readonly pages: number;
  readonly shelf: Shelf;
  /** 1 to 5, or 0 for none. */
  readonly stars: number;
  /** In order of days, at most one per day. */
  readonly marks: readonly Mark[];
  readonly notes: readonly Note[];
}

export function dayOf(date: Date): Day {
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function addDays(day: Day, count: number): Day {
  const [year = 1970, month = 1, date = 1] = day.split("-").map(Number);
  return dayOf(new Date(year, month - 1, date + count, 12));
}

export function pageReached(book: Book): number {
  return book.marks.at(-1)?.page ?? 0;
}

export function progress(book: Book): number {
  return book.pages > 0 ? Math.min(1, pageReached(book) / book.pages) : 0;
}

/** The book with the reader at `page` on `day`. Reaching the last page finishes it; marks of later days are dropped. */
export function markedAt(book: Book, page: number, day: Day): Book {
  const reached = Math.max(0, Math.min(page, book.pages));
  const marks = [...book.marks.filter((mark) => mark.day < day), { day, page: reached }];
  return { ...book, marks, shelf: reached >= book.pages ? "finished" : "reading" };
}

export function finishedOn(book: Book): Day | undefined {
  return book.shelf === "finished" ? book.marks.at(-1)?.day : undefined;
}

/** Pages read per day, over all books; a mark below an earlier one counts nothing. */
export function pagesPerDay(books: readonly Book[]): ReadonlyMap<Day, number> {
  const days = new Map<Day, number>();
  for (const book of books) {
    let before = 0;
    for (const mark of book.marks) {
      const read = Math.max(0, mark.page - before);
      if (read > 0) days.set(mark.day, (days.get(mark.day) ?? 0) + read);
      before = mark.page;
    }
  }
  return days;
}

/** How many days in a row, up to `today` or the day before, something was read. */
export function streak(days: ReadonlyMap<Day, number>, today: Day): number {
  let day = days.has(today) ? today : addDays(today, -1);
  let length = 0;
  while (days.has(day)) {
    length += 1;
    day = addDays(day, -1);
  }
  return length;
}

export function matches(book: Book, words: string): boolean {
  const text = `${book.title} ${book.author}`.toLocaleLowerCase();
  return words
    .toLocaleLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** A hue for the spine, the same for a title wherever and whenever it is shown. */
export function spineHue(book: Book): number {
  let hash = 2166136261;
  for (const character of `${book.author}${book.title}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619);
  }
  return (hash >>> 0) % 360;
}

/** Reads what `JSON.stringify` made of books, whoever edited it since; anything that is not such a list is `undefined`. */
export function parseBooks(json: string): Book[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const books = value.map(parseBook);
  return books.every((book) => book !== undefined) ? books : undefined;
}

function parseBook(value: unknown): Book | undefined {
  if (!isRecord(value)) return undefined;
  const { id, title, author, pages, shelf, stars, marks, notes } = value;
  const known = shelfNamed(shelf);
  if (typeof id !== "string" || typeof title !== "string" || typeof author !== "string" || !known) return undefined;
  if (!isCount(pages) || !isCount(stars) || stars > 5 || !Array.isArray(marks) || !Array.isArray(notes)) return undefined;
  if (!marks.every(isMark) || !notes.every(isNote)) return undefined;
  return { id, title, author, pages, shelf: known.shelf, stars, marks, notes };
}

function isMark(value: unknown): value is Mark {
  return isRecord(value) && typeof value.day === "string" && isCount(value.page);
}

function isNote(value: unknown): value is Note {
  return isMark(value) && isRecord(value) && typeof value["text"] === "string";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
