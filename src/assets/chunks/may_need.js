// Says that a module may be needed soon: `load` is called when it is.
export function mayNeed(load) {
  void load;
}
