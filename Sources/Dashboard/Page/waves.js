/**
 * Where waves begin, as indices of nodes in the order of their begin: the first at the first node, each other one at the
 * first node that began when one of the wave before had ended, and so made room for it.
 */
export function waves(nodes) {
  const starts = [];
  let ended = -Infinity;
  nodes.forEach((node, index) => {
    if (node.begin >= ended) { starts.push(index); ended = Infinity; }
    ended = Math.min(ended, node.done ?? Infinity);
  });
  return starts;
}
