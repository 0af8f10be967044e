// Runs the modules of a page so that they can be replaced while it is open. In development a module is a definition: what
// it imports, and a function that makes it run (in the form of `System.register`). A later build defines the same modules
// again; what differs then is run again, from the modules that accept that on, and nothing else is.
//
// What modules see of it is `import.meta.hot`, as Vite has it.

const KEY = Symbol.for("sitekit.hot");

/** The modules of this page, whichever chunk asks first. */
const modules = (globalThis[KEY] ??= create());

/** Defines a module, or says what has become of it. */
export const define = modules.define;
/** Runs what a page begins with. */
export const run = modules.run;
/** Takes and gives what replaces components. */
export const refreshBy = (refresher) => (modules.refresher = refresher);

function create() {
  // By id: what is known of modules, and those that run.
  const definitions = new Map();
  const instances = new Map();
  // What `import.meta.hot.data` holds, from one instance to the next.
  const data = new Map();
  const begun = new Set();
  const chunks = new Set();
  // Who hears of what happens: `{ instance, event, callback }`.
  let listeners = [];
  // Modules that have said, while they were replaced, that their importers have to be as well.
  const invalid = new Set();
  let work = Promise.resolve(true);

  // ------------------------------------------------------------------------------------------------------------------
  // Running modules (ECMA-262 §16.2.1)

  function define(id, definition) {
    chunks.add(definition.url);
    definitions.set(id, definition);
  }

  /** The same of a module that has changed since its chunk was made. What it takes of packages and asks for later is where it was. */
  function redefine(id, changes) {
    const known = definitions.get(id);
    if (known) definitions.set(id, { ...known, ...changes });
  }

  function run(id) {
    begun.add(id);
    return evaluate(instantiate(id));
  }

  /** The module with all it imports, ready to run: functions are there, values are not. */
  function instantiate(id) {
    const known = instances.get(id);
    if (known) return known;
    const definition = definitions.get(id);
    if (!definition) throw new Error(`there is no module ${id}`);
    const values = new Map();
    const namespace = Object.create(null, { [Symbol.toStringTag]: { value: "Module" } });
    const instance = {
      id,
      definition,
      namespace,
      imports: [],
      // Who is told of its exports: setters by importer.
      importers: new Map(),
      laterImporters: new Set(),
      acceptsItself: undefined,
      accepts: [],
      disposers: [],
      pruners: [],
    };
    instance.hot = hotOf(instance);
    instances.set(id, instance);
    const set = (name, value) => {
      const isNew = !values.has(name);
      if (!isNew && Object.is(values.get(name), value)) return false;
      values.set(name, value);
      if (isNew) Object.defineProperty(namespace, name, { enumerable: true, get: () => values.get(name) });
      return true;
    };
    const tell = (name, value) => {
      let changed = false;
      if (typeof name === "string") changed = set(name, value);
      else for (const each of Object.keys(name)) changed = set(each, name[each]) || changed;
      if (changed) for (const setters of instance.importers.values()) for (const setter of setters) setter(namespace);
      return value;
    };
    const context = {
      import: (specifier) => importLater(instance, specifier),
      meta: {
        url: definition.url,
        hot: instance.hot,
        resolve: (specifier) => new URL(specifier, definition.url).href,
      },
    };
    const { setters, execute } = definition.register(tell, context);
    instance.execute = execute;
    definition.imports.forEach((specifier, at) => {
      const setter = setters[at] ?? (() => {});
      const own = definition.own[specifier];
      if (own === undefined) setter(definition.packages[specifier] ?? {});
      else connect(instance, own, setter);
    });
    return instance;
  }

  function connect(importer, id, setter) {
    const imported = instantiate(id);
    importer.imports.push([imported, setter]);
    const setters = imported.importers.get(importer) ?? [];
    imported.importers.set(importer, [...setters, setter]);
    setter(imported.namespace);
  }

  /** Runs a module after all it imports. A promise where one of them waits for something, `undefined` else. */
  function evaluate(instance) {
    if (instance.failed) throw instance.failed.error;
    if (instance.started) return instance.waiting;
    instance.started = true;
    const execute = () => {
      try {
        const waiting = instance.execute();
        return waiting?.catch(fail);
      } catch (error) {
        return fail(error);
      }
    };
    const fail = (error) => {
      instance.failed = { error };
      throw error;
    };
    let waiting;
    try {
      const imported = instance.imports.map(([imported]) => evaluate(imported)).filter(Boolean);
      waiting = imported.length ? Promise.all(imported).then(execute, fail) : execute();
    } catch (error) {
      fail(error);
    }
    const done = () => refreshes(instance);
    if (!waiting) return done();
    const clear = () => (instance.waiting = undefined);
    instance.waiting = waiting.then(done).finally(clear);
    return instance.waiting;
  }

  async function importLater(instance, specifier) {
    const [id, load] = instance.definition.later[specifier] ?? [];
    if (!load) return import(/^\.{0,2}\//.test(specifier) ? new URL(specifier, instance.definition.url).href : specifier);
    const loaded = await load();
    if (!id) return loaded;
    const imported = instantiate(id);
    imported.laterImporters.add(instance);
    await evaluate(imported);
    return imported.namespace;
  }

  // ------------------------------------------------------------------------------------------------------------------
  // What modules are given

  function hotOf(instance) {
    const { id } = instance;
    if (!data.has(id)) data.set(id, {});
    const resolve = (specifier) => instance.definition.accepts[specifier] ?? instance.definition.own[specifier] ?? specifier;
    return {
      get data() {
        return data.get(id);
      },
      accept(dependencies, callback) {
        if (dependencies === undefined || typeof dependencies === "function") {
          (instance.acceptsItself ??= []).push(dependencies ?? (() => {}));
        } else if (typeof dependencies === "string") {
          instance.accepts.push({ ids: [resolve(dependencies)], told: ([changed]) => callback?.(changed) });
        } else {
          instance.accepts.push({ ids: dependencies.map(resolve), told: (all) => callback?.(all) });
        }
      },
      acceptExports(_, callback) {
        (instance.acceptsItself ??= []).push(callback ?? (() => {}));
      },
      dispose: (callback) => void instance.disposers.push(callback),
      prune: (callback) => void instance.pruners.push(callback),
      decline() {},
      invalidate(message) {
        emit("vite:invalidate", { path: id, message });
        console.debug(`[sitekit] ${id} asks its importers to be replaced${message ? `: ${message}` : ""}`);
        invalid.add(id);
        settle();
      },
      on: (event, callback) => void listeners.push({ instance, event, callback }),
      off: (event, callback) => forget((one) => one.event === event && one.callback === callback),
      // No one listens on the other side.
      send() {},
    };
  }

  function emit(event, detail) {
    for (const { callback } of listeners.filter((one) => one.event === event)) {
      try {
        callback(detail);
      } catch (error) {
        console.error(error);
      }
    }
  }

  const forget = (isGone) => (listeners = listeners.filter((one) => !isGone(one)));

  /** A module of components is replaced by its components, where it says nothing itself. */
  function refreshes(instance) {
    const { refresh } = instance.definition;
    if (!refresh) return;
    for (const [name, value] of Object.entries(instance.namespace)) {
      if (refresh.isComponent(value)) refresh.register(value, `${instance.id} export ${name}`);
    }
    if (instance.acceptsItself) return;
    const before = Object.keys(instance.namespace);
    instance.acceptsItself = [
      (next) => {
        const after = Object.keys(next);
        const differ = before.find((name) => !after.includes(name)) ?? after.find((name) => !before.includes(name));
        const other = after.find((name) => !refresh.isComponent(next[name]));
        if (differ !== undefined) instances.get(instance.id).hot.invalidate(`the export ${differ} came or went`);
        else if (other !== undefined) instances.get(instance.id).hot.invalidate(`the export ${other} is no component`);
        else refresh.refresh();
      },
    ];
  }

  // ------------------------------------------------------------------------------------------------------------------
  // Replacing modules

  /** What is to be done for modules that differ: which are to run again, and who is told. `undefined` where no one accepts. */
  function plan(differing, sayNo) {
    const outdated = new Set();
    const told = [];
    const tells = (by, of) => told.some((one) => one.by === by && one.of === of) || told.push({ by, of });
    const goes = (instance, path, isFirst) => {
      if (path.includes(instance)) return true;
      outdated.add(instance);
      if (instance.acceptsItself && !(isFirst && sayNo)) {
        tells(instance, instance);
        return true;
      }
      const importers = [...instance.importers.keys(), ...instance.laterImporters];
      if (!importers.length || begun.has(instance.id)) return false;
      return importers.every((importer) => {
        if (importer.accepts.some(({ ids }) => ids.includes(instance.id))) {
          tells(importer, instance);
          return true;
        }
        return goes(importer, [...path, instance], false);
      });
    };
    return differing.every((instance) => goes(instance, [], true)) ? { outdated, told } : undefined;
  }

  /** Runs again what is outdated, and tells who accepts it. */
  async function replace({ outdated, told }) {
    for (const instance of outdated) {
      for (const dispose of instance.disposers) await dispose(data.get(instance.id));
      forget((one) => one.instance === instance);
      instances.delete(instance.id);
    }
    for (const instance of outdated) {
      for (const [imported] of instance.imports) imported.importers.delete(instance);
      for (const each of instances.values()) each.laterImporters.delete(instance);
    }
    // What stays and imports what goes.
    for (const instance of outdated) {
      for (const importer of instance.importers.keys()) {
        if (outdated.has(importer)) continue;
        const kept = importer.imports;
        importer.imports = [];
        for (const [imported, setter] of kept) {
          if (imported === instance) connect(importer, instance.id, setter);
          else importer.imports.push([imported, setter]);
        }
      }
      for (const importer of instance.laterImporters) {
        if (!outdated.has(importer)) instantiate(instance.id).laterImporters.add(importer);
      }
    }
    const accepted = new Map();
    for (const { of } of told) accepted.set(of.id, instantiate(of.id));
    for (const instance of accepted.values()) await evaluate(instance);
    for (const { by, of } of told) {
      const { namespace } = accepted.get(of.id);
      if (by === of) {
        for (const callback of by.acceptsItself) await callback(namespace);
      } else if (!outdated.has(by)) {
        for (const { ids, told } of by.accepts) {
          if (ids.includes(of.id)) await told(ids.map((id) => (id === of.id ? namespace : undefined)));
        }
      }
    }
  }

  /** Lets go of modules that nothing imports any more. */
  async function prune() {
    const reached = new Set();
    const waiting = [...begun].map((id) => instances.get(id)).filter(Boolean);
    for (const instance of waiting) {
      if (reached.has(instance)) continue;
      reached.add(instance);
      for (const [imported] of instance.imports) waiting.push(imported);
      for (const other of instances.values()) if (other.laterImporters.has(instance)) waiting.push(other);
    }
    const gone = [...instances.values()].filter((instance) => !reached.has(instance));
    if (gone.length) emit("vite:beforePrune", { paths: gone.map(({ id }) => id) });
    for (const instance of gone) {
      instances.delete(instance.id);
      for (const callback of [...instance.disposers, ...instance.pruners]) await callback(data.get(instance.id));
      forget((one) => one.instance === instance);
      data.delete(instance.id);
    }
  }

  /** Whether all that packages give is still what it was: they are no modules that could be replaced. */
  function packagesAreSame(before, now) {
    return Object.entries(now.packages).every(([specifier, is]) => {
      const was = before.packages[specifier];
      if (was === undefined || was === is) return true;
      return Object.keys(is).every((name) => Object.is(is[name], was[name]));
    });
  }

  /** Defines what chunks hold, and the chunks that they would ask for later and that run already. */
  async function load(urls) {
    await Promise.all(urls.map((url) => import(url)));
    const met = new Set();
    for (;;) {
      const loads = [];
      for (const { id } of instances.values()) {
        for (const [later, load] of Object.values(definitions.get(id).later)) {
          if (!instances.has(later) || met.has(load)) continue;
          met.add(load);
          loads.push(load());
        }
      }
      if (!loads.length) return;
      await Promise.all(loads);
    }
  }

  // Whether a module was let go, and the one in its place did not come to run.
  let isBroken = false;

  /** What differs is replaced. Whether that could be done; where it could not, the page has to be loaded again. */
  async function apply() {
    if (isBroken) return false;
    const differing = [];
    for (const instance of instances.values()) {
      const now = definitions.get(instance.id);
      if (!packagesAreSame(instance.definition, now)) return false;
      if (instance.failed) return false;
      if (now.version !== instance.definition.version) differing.push(instance);
      else instance.definition = now;
    }
    return replaceAll(differing, false);
  }

  /** Modules that have been replaced and would rather have their importers replaced, too. */
  function unwilling() {
    const all = [...invalid].map((id) => instances.get(id)).filter(Boolean);
    invalid.clear();
    return all;
  }

  /** Replaces modules, and whichever say meanwhile that that was not enough. Whether it could be done. */
  async function replaceAll(modules, sayNo) {
    const rounds = new Map();
    while (modules.length) {
      const planned = plan(modules, sayNo);
      if (!planned) return false;
      emit("vite:beforeUpdate", {
        type: "update",
        updates: planned.told.map(({ by, of }) => ({ type: "js-update", path: by.id, acceptedPath: of.id })),
      });
      await replace(planned);
      [modules, sayNo] = [unwilling(), true];
      for (const { id } of modules) {
        rounds.set(id, (rounds.get(id) ?? 0) + 1);
        if (rounds.get(id) > 5) return false;
      }
    }
    await prune();
    emit("vite:afterUpdate", { type: "update", updates: [] });
    return true;
  }

  /** One thing after another. */
  function after(task) {
    const last = work.then(task, task);
    work = last.catch(() => {});
    return last;
  }

  let settling = false;
  /** For a module that says at any time that its importers have to be replaced. */
  function settle() {
    if (settling) return;
    settling = true;
    after(async () => {
      settling = false;
      const modules = unwilling();
      return !modules.length || replaceAll(modules, true);
    }).then(
      (done) => done || fullReload(),
      (error) => {
        console.error(error);
        fullReload();
      },
    );
  }

  function fullReload() {
    emit("vite:beforeFullReload", { type: "full-reload", path: location.pathname });
    location.reload();
  }

  return {
    define,
    redefine,
    run,
    refresher: undefined,
    /** Whether a chunk holds modules that can be replaced. */
    knows: (url) => chunks.has(url),
    /** Takes what chunks hold now in the place of what they held, and what scripts say that came after these. */
    update: (urls, later) =>
      after(async () => {
        await load(urls);
        for (const url of later) await import(url);
        return apply();
      }),
    /** Takes what was defined again, where that can be done without loading the page again. */
    renew: () =>
      after(() =>
        apply().catch((error) => {
          isBroken = true;
          throw error;
        }),
      ),
    emit,
  };
}
