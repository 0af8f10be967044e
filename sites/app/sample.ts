// A shelf to begin with, so that the first visit shows what the log is for. It is kept only once something is changed.

import { addDays, type Book, type Day, type Mark } from "./books.ts";

export function sampleBooks(today: Day): Book[] {
  return [
    {
      id: "middlemarch",
      title: "Middlemarch",
      author: "George Eliot",
      pages: 838,
      shelf: "reading",
      stars: 0,
      marks: marks(today, [[-9, 38], [-8, 71], [-6, 112], [-5, 140], [-3, 186], [-2, 221], [-1, 247]]),
      notes: [
        { page: 194, day: addDays(today, -2), text: "The squirrel’s heartbeat and the roar on the other side of silence. Copy this out." },
      ],
    },
    {
      id: "the-voyage-of-the-beagle",
      title: "The Voyage of the Beagle",
      author: "Charles Darwin",
      pages: 432,
      shelf: "reading",
      stars: 0,
      marks: marks(today, [[-20, 60], [-13, 118], [-4, 150]]),
      notes: [],
    },
    {
      id: "the-moonstone",
      title: "The Moonstone",
      author: "Wilkie Collins",
      pages: 472,
      shelf: "finished",
      stars: 4,
      marks: marks(today, [[-48, 90], [-44, 176], [-41, 240], [-37, 318], [-33, 401], [-31, 472]]),
      notes: [{ page: 22, day: addDays(today, -47), text: "Betteredge consults Robinson Crusoe as others consult the weather." }],
    },
    {
      id: "walden",
      title: "Walden",
      author: "Henry David Thoreau",
      pages: 352,
      shelf: "finished",
      stars: 3,
      marks: marks(today, [[-92, 80], [-85, 150], [-77, 260], [-70, 352]]),
      notes: [],
    },
    {
      id: "the-tale-of-genji",
      title: "The Tale of Genji",
      author: "Murasaki Shikibu",
      pages: 1216,
      shelf: "wanted",
      stars: 0,
      marks: [],
      notes: [],
    },
    {
      id: "the-origin-of-species",
      title: "On the Origin of Species",
      author: "Charles Darwin",
      pages: 502,
      shelf: "wanted",
      stars: 0,
      marks: [],
      notes: [],
    },
    {
      id: "tristram-shandy",
      title: "The Life and Opinions of Tristram Shandy, Gentleman",
      author: "Laurence Sterne",
      pages: 735,
      shelf: "left",
      stars: 0,
      marks: marks(today, [[-130, 64], [-121, 97]]),
      notes: [{ page: 97, day: addDays(today, -121), text: "Still not born. To be taken up again in a calmer year." }],
    },
  ];
}

function marks(today: Day, entries: readonly (readonly [days: number, page: number])[]): Mark[] {
  return entries.map(([days, page]) => ({ day: addDays(today, days), page }));
}
