// Shows what is wrong over the page, and goes away when nothing is. In a shadow root with a constructed style sheet: the
// page's styles do not reach it, and no policy forbids it.

const style = `
  :host { all: initial; position: fixed; inset: 0; z-index: 2147483647; overflow: auto; background: #0009;
    font: 15px/1.5 system-ui, sans-serif; color-scheme: dark; }
  main { max-width: 60rem; margin: 6vh auto; padding: 1.2rem 1.5rem; border-radius: 10px; border-top: 5px solid #f06a6a;
    background: #191d24; color: #e8ecf2; box-shadow: 0 12px 50px #000a; }
  header { display: flex; justify-content: space-between; align-items: baseline; }
  h1 { font-size: 1.1rem; margin: 0; }
  section { margin-top: 1.4rem; }
  p { margin: .3rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
  small { color: #94a1b5; font-size: .85rem; }
  button { font: inherit; color: #8db4ff; background: none; border: 0; padding: 0; text-decoration: underline; cursor: pointer; }
  button:focus-visible { outline: 2px solid; outline-offset: 2px; }
  pre { margin: .6rem 0; padding: .6rem 0; overflow: auto; border-radius: 6px; background: #0f1217;
    font: 13px/1.55 ui-monospace, Menlo, Consolas, monospace; tab-size: 4; }
  pre div { padding: 0 .9rem; white-space: pre; }
  pre i { display: inline-block; min-width: 3ch; margin-right: 1rem; text-align: right; font-style: normal; color: #5d6b7e; }
  pre .here { background: #f06a6a22; }
  mark { background: none; color: #ff9d9d; text-decoration: underline wavy; text-underline-offset: 3px; }
  .help { color: #9fd6a8; }`;

let host;
let sheet;

function make(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function close() {
  host?.remove();
  host = undefined;
}

function excerpt({ first, lines, line, from, to }) {
  return make("pre", "", ...lines.map((text, nth) => {
    const number = first + nth;
    const row = make("div", "", make("i", String(number)));
    const all = [...text];
    if (number === line) {
      row.className = "here";
      const part = (start, end) => all.slice(start, end).join("");
      row.append(part(0, from - 1), make("mark", part(from - 1, to - 1) || " "), part(to - 1));
    } else {
      row.append(text);
    }
    return row;
  }));
}

function section(problem) {
  const place = [problem.path, problem.line, problem.column].filter(Boolean).join(":");
  const made = make("section", "", make("p", problem.message));
  const link = make(problem.opens ? "button" : "small", place);
  const said = make("small");
  link.onclick = async () => {
    if (!problem.opens) return;
    const query = new URLSearchParams({ file: problem.path, line: problem.line ?? 1, column: problem.column ?? 1 });
    const answer = await fetch(`${root}open?${query}`, { method: "POST", headers: { sitekit: "open" } });
    said.textContent = answer.ok ? "" : ` ${await answer.text()}`;
  };
  made.append(link, said);
  if (problem.excerpt) made.append(excerpt(problem.excerpt));
  if (problem.label) made.append(make("p", problem.label));
  for (const step of problem.trace) made.append(make("p", "", make("small", step)));
  if (problem.help) {
    const help = make("p", problem.help);
    help.className = "help";
    made.append(help);
  }
  return made;
}

function showProblems(problems) {
  close();
  if (!problems.length) return;
  host = document.createElement("sitekit-problems");
  const shadow = host.attachShadow({ mode: "open" });
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
  }
  shadow.adoptedStyleSheets = [sheet];
  const away = make("button", "close");
  away.onclick = close;
  const title = problems.length === 1 ? "This keeps the site from being built" : `${problems.length} mistakes keep the site from being built`;
  const main = make("main", "", make("header", "", make("h1", title), away), ...problems.map((one) => section(one)));
  main.setAttribute("role", "alert");
  shadow.append(main);
  document.documentElement.append(host);
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape") close();
});
