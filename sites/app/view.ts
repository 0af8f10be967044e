// What a page of the app is, and how it is come by.

import type { Location, Parameters } from "./router.ts";

export interface View {
  /** For the tab. */
  readonly title: string;
  /** For `<main>`. */
  readonly content: Node;
  /** Whether it is left alone when the books change: drawn again, it would lose what was typed. */
  readonly isForm?: boolean;
}

/** Draws a page; none when there is nothing at the address. */
export type Show = (parameters: Parameters, location: Location) => View | undefined;

/** Fetches what draws a page. */
export type Load = () => Promise<Show>;
