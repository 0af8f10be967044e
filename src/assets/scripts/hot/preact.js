// What Prefresh gives to modules of components, as it is of Preact that pages have.
import { refreshBy } from "sitekit:hot";
import "sitekit:prefresh/index";

const prefresh = self.__PREFRESH__;

function replace([before, now]) {
  const [was, is] = [prefresh.getSignature(before) ?? {}, prefresh.getSignature(now) ?? {}];
  const key = (signature) => (signature.getCustomHooks ? prefresh.computeKey(signature) : undefined);
  const isOther = was.key !== is.key || key(was) !== key(is) || is.forceReset;
  prefresh.replaceComponent(before, now, !!isOther);
}

export default refreshBy({
  register: prefresh.register,
  sign() {
    let status = "begin";
    let first;
    return (type, key, forceReset, getCustomHooks) => {
      first ??= type;
      status = prefresh.sign(type || first, key, forceReset, getCustomHooks, status);
      return type;
    };
  },
  isComponent(value) {
    if (typeof value !== "function") return false;
    const name = value.name || value.displayName;
    return Boolean(value.prototype?.isReactComponent) || /^[A-Z]/.test(name ?? "");
  },
  refresh() {
    const pending = [...prefresh.getPendingUpdates()];
    prefresh.flush();
    pending.forEach(replace);
  },
});
