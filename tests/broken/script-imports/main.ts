import { format } from "./utls"; // error: there is no file `./utls` (did you mean `./utils`?)
import { sum } from "./utils"; // error: `script-imports/utils.ts` does not export `sum` (did you mean `sums`?)
import { map } from "lodash-se"; // error: the package `lodash-se` is not installed (did you mean `lodash-es`?)
import { Chart } from "chart.js/auto"; // error: the package `chart.js` is not installed (`npm install chart.js`)
import serve from "server-only"; // error: the package `server-only` has nothing for browsers: its `exports` give no entry for them (it exports `server-only/plugin`)
import plugins from "server-only/plugins"; // error: the package `server-only` does not export `./plugins` (did you mean `server-only/plugin`?)
import { readFile } from "node:fs"; // error: `node:fs` is a part of Node.js, which browsers do not have (what needs it cannot run in a browser)
import view from "./view.vue"; // error: a script cannot import a `.vue` file (`./view.vue?url` is the URL of the file, `./view.vue?raw` its text; a command in `[hooks]` can compile it first)
import { left } from "./left";

const worker = new Worker(new URL("./worker.ts", import.meta.url)); // error: there is no file `./worker.ts` (there is nothing like it in `script-imports/`)

console.log(format, sum, map, Chart, serve, plugins, readFile, view, left, worker);
