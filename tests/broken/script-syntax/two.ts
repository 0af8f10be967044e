const logged = (method: () => void) => method;

export class Two {
  @logged // error: browsers do not run decorators yet (`"experimentalDecorators": true` in `compilerOptions` of `tsconfig.json` compiles them as TypeScript's older ones)
  run() {}
}
