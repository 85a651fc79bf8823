import { useState } from "preact/hooks";

interface Props {
  tags: string[];
  editable: boolean;
  save: (tags: string[]) => Promise<void>;
}

/** The tags of a run, each with a way to take it off, and a place for another. */
export function Tags({ tags, editable, save }: Props) {
  const [draft, setDraft] = useState("");
  const [error, setError] = useState("");
  const change = async (next: string[]) => {
    setError("");
    try {
      await save(next);
    } catch (failure) {
      setError((failure as Error).message);
    }
  };
  const add = () => {
    const words = draft.split(",").map((word) => word.trim());
    const found = words.filter((word) => word && !tags.includes(word));
    setDraft("");
    if (found.length) void change([...tags, ...new Set(found)]);
  };
  return (
    <div class="nbt-tags">
      {tags.map((tag) => (
        <span class="nbt-tag" key={tag}>
          <span class="nbt-cut" title={tag}>
            {tag}
          </span>
          {editable && (
            <button
              type="button"
              class="nbt-quiet"
              aria-label={`remove the tag ${tag}`}
              onClick={() => void change(tags.filter((one) => one !== tag))}
            >
              ×
            </button>
          )}
        </span>
      ))}
      {editable ? (
        <input
          class="nbt-tag-new"
          aria-label="add a tag"
          placeholder="+ tag"
          value={draft}
          onInput={({ currentTarget: { value } }) => setDraft(value)}
          onBlur={add}
          onKeyDown={(event) => {
            if (event.key === "Enter" || event.key === ",") {
              event.preventDefault();
              add();
            } else if (event.key === "Escape") setDraft("");
            else if (event.key === "Backspace" && !draft && tags.length) {
              void change(tags.slice(0, -1));
            }
          }}
        />
      ) : (
        !tags.length && <span class="nbt-muted">none</span>
      )}
      {error && (
        <p class="nbt-warn" role="alert">
          not saved: {error}
        </p>
      )}
    </div>
  );
}
