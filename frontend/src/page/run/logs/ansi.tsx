import Anser from "anser";

/** A text with the escapes that colour it, as text in colours of the theme. */
export function Ansi({ text }: { text: string }) {
  // Most lines have none.
  if (!text.includes("\x1b")) return <>{text}</>;
  return (
    <>
      {Anser.ansiToJson(text, { use_classes: true, remove_empty: true }).map((part, at) => {
        const { classes, style } = looksOf(part);
        return classes || style ? (
          <span key={at} class={classes || undefined} style={style}>
            {part.content}
          </span>
        ) : (
          part.content
        );
      })}
    </>
  );
}

/** The text alone. */
export const plainOf = (text: string) => (text.includes("\x1b") ? Anser.ansiToText(text) : text);

/** Classes for the sixteen colours of the theme; others keep what can be read of them. */
function looksOf(part: Anser.AnserJsonEntry) {
  const classes: string[] = part.decorations.map((name) => `ansi-${name}`);
  const style: Record<string, string> = {};
  const add = (name: string, truecolor: string, ground: boolean) => {
    if (!name) return;
    if (!name.startsWith("ansi-palette") && !name.includes("truecolor")) {
      classes.push(ground ? `${name}-bg` : name);
      return;
    }
    const rgb = name.includes("truecolor") ? truecolor : paletteOf(name);
    if (!/^\d+, ?\d+, ?\d+$/.test(rgb)) return;
    // Towards the theme's own colour: programs do not know what they are shown on.
    if (ground) style.background = `color-mix(in srgb, rgb(${rgb}) 25%, var(--nbt-raised))`;
    else style.color = `color-mix(in srgb, rgb(${rgb}) 30%, var(--nbt-text))`;
  };
  add(part.fg, part.fg_truecolor, false);
  add(part.bg, part.bg_truecolor, true);
  return { classes: classes.join(" "), style: Object.keys(style).length ? style : undefined };
}

const STEPS = [0, 95, 135, 175, 215, 255];

/** A place in the palette of 256 as red, green and blue. */
function paletteOf(name: string): string {
  const place = Number(name.slice("ansi-palette-".length));
  if (place >= 232)
    return Array(3)
      .fill(8 + 10 * (place - 232))
      .join(", ");
  const at = place - 16;
  return [Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map((one) => STEPS[one]).join(", ");
}
