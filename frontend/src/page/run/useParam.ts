import { query, setQuery } from "../router";

/** A value behind the `?` of the address, and the way to change it. */
export function useParam(name: string): [string, (value: string | null, step?: boolean) => void] {
  return [
    query.value.get(name) ?? "",
    (value, step = false) => setQuery({ [name]: value }, { step }),
  ];
}
