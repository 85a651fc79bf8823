/** What is said of a value, as lines of a name and a text. */
export function linesOf(value: unknown): [string, string][] {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Date) {
    return [["", textOf(value)]];
  }
  return Object.entries(value).map(([name, one]) => [name, textOf(one)]);
}

const textOf = (value: unknown) =>
  typeof value === "object" && value !== null && !(value instanceof Date)
    ? JSON.stringify(value)
    : String(value);

const GAP = 12;

/** Shows what is below the pointer beside it; whatever that is, it is text. */
export class Tip {
  private readonly box = document.createElement("div");

  constructor() {
    this.box.id = "tip";
    this.box.hidden = true;
    document.body.append(this.box);
  }

  show = (_handler: unknown, event: MouseEvent, _item: unknown, value: unknown): void => {
    const { box } = this;
    box.hidden = value === null || value === undefined || value === "";
    if (box.hidden) return;
    box.replaceChildren(
      ...linesOf(value).map(([name, text]) => {
        const line = document.createElement("div");
        if (name) {
          const label = document.createElement("span");
          label.textContent = name;
          line.append(label, " ");
        }
        line.append(text);
        return line;
      }),
    );
    const { clientX: x, clientY: y } = event;
    const { offsetWidth: width, offsetHeight: height } = box;
    const left = x + GAP + width > innerWidth ? x - GAP - width : x + GAP;
    const top = y + GAP + height > innerHeight ? y - GAP - height : y + GAP;
    box.style.left = `${Math.max(0, left)}px`;
    box.style.top = `${Math.max(0, top)}px`;
  };
}
