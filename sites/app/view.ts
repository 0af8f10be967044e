// What a page of the app is: a title for the tab and the children of `<main>`.

export interface View {
  readonly title: string;
  readonly content: readonly Node[];
}
