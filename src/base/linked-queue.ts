/** What a {@link LinkedQueue} needs of its members: two fields of its own. */
export interface Linked<Node> {
  earlier: Node | null;
  later: Node | null;
}

/**
 * First in, first out, with removal from the middle in constant time and no allocation: the
 * list runs through its members themselves. A member is in one such queue at a time.
 */
export class LinkedQueue<Node extends Linked<Node>> {
  size = 0;
  first: Node | null = null;
  last: Node | null = null;

  append(node: Node): void {
    node.earlier = this.last;
    node.later = null;
    if (this.last === null) this.first = node;
    else this.last.later = node;
    this.last = node;
    this.size++;
  }

  remove(node: Node): void {
    if (node.earlier === null) this.first = node.later;
    else node.earlier.later = node.later;
    if (node.later === null) this.last = node.earlier;
    else node.later.earlier = node.earlier;
    node.earlier = null;
    node.later = null;
    this.size--;
  }
}
