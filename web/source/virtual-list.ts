// The few rows of a long list that are in sight: how high each is is measured as it comes into sight.
import {
  Virtualizer,
  elementScroll,
  measureElement,
  observeElementOffset,
  observeElementRect,
} from "@tanstack/virtual-core";
import { useLayoutEffect, useReducer, useState } from "preact/hooks";
import type { RefObject } from "preact";

export function useVirtualList(count: number, estimate: number, scroller: RefObject<HTMLElement | null>) {
  const [, redraw] = useReducer((n: number, _: undefined) => n + 1, 0);
  const [list] = useState(
    () =>
      new Virtualizer<HTMLElement, HTMLElement>({
        count,
        estimateSize: () => estimate,
        getScrollElement: () => scroller.current,
        observeElementRect,
        observeElementOffset,
        scrollToFn: elementScroll,
        measureElement,
        overscan: 8,
        onChange: () => redraw(undefined),
      }),
  );
  list.setOptions({ ...list.options, count });
  useLayoutEffect(() => list._didMount(), []);
  useLayoutEffect(() => list._willUpdate());
  return list;
}
