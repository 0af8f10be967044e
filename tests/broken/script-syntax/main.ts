import { one } from "./one";
import { Two } from "./two";
import view from "./view.js";

console.log(one, new Two(), view);
