// What React's own Fast Refresh gives to modules of components. It must run before React does.
import { refreshBy } from "sitekit:hot";
import runtime from "sitekit:react-refresh";

runtime.injectIntoGlobalHook(globalThis);

let waiting = false;

export default refreshBy({
  register: runtime.register,
  sign: runtime.createSignatureFunctionForTransform,
  isComponent: runtime.isLikelyComponentType,
  /** Once for all modules that are replaced together. */
  refresh() {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      runtime.performReactRefresh();
    });
  },
});
