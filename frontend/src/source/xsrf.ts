/** What a server wants to see of its own cookie; a JupyterHub asks it of what only reads, too. */
export function xsrf(): Record<string, string> {
  const token = /(?:^|;\s*)_xsrf=([^;]*)/.exec(document.cookie)?.[1];
  return token ? { "X-XSRFToken": decodeURIComponent(token) } : {};
}
