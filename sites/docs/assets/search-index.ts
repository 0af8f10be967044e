// Looks words up in the index that the build writes (`search_index.en.json`). A page is a hit when it has every word, at the
// beginning of one of its own; titles count most. Nothing here touches the page.

interface Page {
  readonly url: string;
  readonly title: string;
  readonly description: string;
  readonly body: string;
}

/** A piece of a text, and whether it is what was looked for. */
export interface Part {
  readonly text: string;
  readonly isHit: boolean;
}

export interface Hit {
  readonly url: string;
  readonly title: readonly Part[];
  readonly text: readonly Part[];
}

/** About so many characters around the first word that was found. */
const EXCERPT = 150;

export class SearchIndex {
  readonly #pages: readonly Page[];

  constructor(pages: readonly Page[]) {
    this.#pages = pages;
  }

  /** The best first. */
  find(query: string): Hit[] {
    const words = query.toLowerCase().split(/\s+/).filter((word) => word !== "");
    if (words.length === 0) return [];
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.map(escaped).join("|")})`, "giu");
    const scored = this.#pages.map((page) => ({ page, score: score(page, words) })).filter(({ score }) => score > 0);
    scored.sort((one, other) => other.score - one.score);
    return scored.map(({ page }) => ({
      url: page.url,
      title: parts(page.title, pattern),
      text: parts(excerpt(page, pattern), pattern),
    }));
  }
}

function escaped(word: string): string {
  return word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** 0 when one of the words is not there. */
function score(page: Page, words: readonly string[]): number {
  let total = 0;
  for (const word of words) {
    const begins = new RegExp(`(?<![\\p{L}\\p{N}])${escaped(word)}`, "giu");
    const whole = new RegExp(`(?<![\\p{L}\\p{N}])${escaped(word)}(?![\\p{L}\\p{N}])`, "iu");
    const inTitle = begins.test(page.title) ? (whole.test(page.title) ? 40 : 20) : 0;
    const inDescription = page.description.search(begins) >= 0 ? 8 : 0;
    const inBody = Math.min(page.body.match(begins)?.length ?? 0, 10) + (whole.test(page.body) ? 2 : 0);
    if (inTitle + inDescription + inBody === 0) return 0;
    total += inTitle + inDescription + inBody;
  }
  return total;
}

/** The place in the text where the first word is, or the description. */
function excerpt(page: Page, pattern: RegExp): string {
  const body = page.body.replaceAll("\n", " ");
  const at = body.search(pattern);
  if (at < 0) return page.description;
  const start = at < EXCERPT / 3 ? 0 : body.lastIndexOf(" ", at - EXCERPT / 3) + 1;
  const end = body.indexOf(" ", start + EXCERPT);
  const text = body.slice(start, end < 0 ? undefined : end);
  return `${start > 0 ? "… " : ""}${text}${end < 0 ? "" : " …"}`;
}

function parts(text: string, pattern: RegExp): Part[] {
  const found: Part[] = [];
  let copied = 0;
  for (const match of text.matchAll(pattern)) {
    found.push({ text: text.slice(copied, match.index), isHit: false }, { text: match[0], isHit: true });
    copied = match.index + match[0].length;
  }
  found.push({ text: text.slice(copied), isHit: false });
  return found.filter((part) => part.text !== "");
}
