export interface View {
  title: string;
  body: string;
}

/** What is shown, by path. */
export const views: Record<string, View> = {
  "/": { title: "{{title}}", body: "This is views.ts. Change it, and build again." },
  "/about/": { title: "About", body: "A second view, at an address of its own." },
  "/404/": { title: "There is no such view", body: "It may have moved." },
};
