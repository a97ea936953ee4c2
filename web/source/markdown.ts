// Markdown as the page shows it. What models and speakers say can run nothing: raw HTML is text to the renderer, and
// what it makes goes through a sanitiser all the same. Pictures are left out: their addresses would tell somebody.
import DOMPurify from "dompurify";
import MarkdownIt from "markdown-it";

const renderer = new MarkdownIt({ html: false, linkify: false, typographer: false }).disable("image");

// A list of tasks, as GitHub writes it.
renderer.core.ruler.after("inline", "tasks", (state) => {
  state.tokens.forEach((token, at) => {
    if (token.type !== "inline" || state.tokens[at - 2]?.type !== "list_item_open") return;
    const first = token.children?.[0];
    if (first?.type !== "text") return;
    first.content = first.content.replace(/^\[( |x|X)\]\s/, (_, mark: string) => (mark === " " ? "☐ " : "☑ "));
  });
});

const TAGS =
  "h1 h2 h3 h4 h5 h6 p br hr strong em s del code pre blockquote ul ol li a table thead tbody tr th td".split(" ");
const LINKS = /^(https?|mailto):/i;

DOMPurify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A") return;
  if (!LINKS.test(node.getAttribute("href") ?? "")) node.removeAttribute("href");
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer nofollow");
});

export function rendered(markdown: string): DocumentFragment {
  return DOMPurify.sanitize(renderer.render(markdown), {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ["href", "start"],
    RETURN_DOM_FRAGMENT: true,
  });
}
