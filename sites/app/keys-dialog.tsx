// All keys, in a dialog.

import "./keys-dialog.css";
import { PLACES } from "./keys.ts";
import { byId } from "./page.ts";

export function fillDialog(): void {
  const dialog = byId("keys");
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
  dialog.replaceChildren(
    <>
      <h2 id="keys-title">Keys</h2>
      <dl>
        <Row keys={["n"]}>Add a book</Row>
        <Row keys={["/"]}>Search the library</Row>
        {Object.entries(PLACES).map(([key, { label }]) => (
          <Row keys={["g", key]}>Go to {label}</Row>
        ))}
        <Row keys={["?"]}>Show this</Row>
      </dl>
      <form method="dialog">
        <button class="button" autofocus>Close</button>
      </form>
    </>,
  );
  dialog.showModal();
}

function Row({ keys, children }: { readonly keys: readonly string[]; readonly children: Node | readonly (Node | string)[] | string }): Node {
  return (
    <div>
      <dt>
        {keys.map((key) => (
          <kbd>{key}</kbd>
        ))}
      </dt>
      <dd>{children}</dd>
    </div>
  );
}
