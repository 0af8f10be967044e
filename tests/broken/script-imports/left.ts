import { right } from "./right"; // warning: modules import each other: script-imports/left.ts → script-imports/right.ts → script-imports/left.ts (what runs first finds the other's exports not set yet; move what both need to a module of its own)

export const left = () => right();
