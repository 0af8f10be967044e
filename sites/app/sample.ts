// A shelf to begin with, so that the first visit shows what the log is for. It is kept only once something is changed.

import { addDays, shelfNamed, type Book, type Day } from "./books.ts";
import books from "./sample.json";

/** The books of sample.json; its marks are days ago and a page. */
export function sampleBooks(today: Day): Book[] {
  return books.map((book) => ({
    ...book,
    shelf: shelfNamed(book.shelf)?.shelf ?? "wanted",
    marks: book.marks.map(([daysAgo = 0, page = 0]) => ({ day: addDays(today, -daysAgo), page })),
    notes: book.notes.map(({ page, daysAgo, text }) => ({ page, day: addDays(today, -daysAgo), text })),
  }));
}
