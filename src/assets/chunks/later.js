// What an import() of a chunk waits for: its style sheets, so that nothing is shown without them. The scripts it will import
// are fetched meanwhile. Names are relative to this script; a style sheet's is followed by its integrity.
function fetched(load, needs) {
  const collected = MAY_NEED && self["sitekit:needs"];
  if (collected) {
    collected.push(...needs);
    return new Promise(() => {});
  }
  if (!self.document) return load();
  return Promise.all(
    needs.map((need) => {
      const [name, integrity] = need.split(" ");
      const { href } = new URL(name, import.meta.url);
      let link = [...document.querySelectorAll("link")].find((link) => link.href == href && /^(mod|sty)/.test(link.rel));
      if (!link) {
        link = document.createElement("link");
        link.href = href;
        link.rel = integrity ? "stylesheet" : "modulepreload";
        if (integrity) {
          link.integrity = integrity;
          link.loading = new Promise((done, failed) => {
            link.onload = done;
            link.onerror = () => {
              link.remove();
              failed(Error("Cannot load " + href));
            };
          });
        }
        document.head.append(link);
      }
      return link.loading;
    }),
  ).then(load);
}
