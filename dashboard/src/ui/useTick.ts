import { useEffect, useState } from 'react';

/** Renders again every `periodMs`, for what shows the time. */
export function useTick(periodMs: number): void {
  const [, setCount] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setCount((count) => count + 1), periodMs);
    return () => clearInterval(timer);
  }, [periodMs]);
}
