// How smooth a page is: times between frames, long tasks, and how soon a key shows.

/** p50, p99 and the greatest of some numbers. */
export function spread(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (share) => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** Starts to watch frames and long tasks of a page. */
export async function watchFrames(page) {
  await page.evaluate(() => {
    const seen = { frames: [], tasks: [], on: true };
    let before;
    const frame = (now) => {
      if (before !== undefined) seen.frames.push(now - before);
      before = now;
      if (seen.on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    seen.observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.tasks.push(entry.duration);
    });
    seen.observer.observe({ type: 'longtask' });
    window.seenFrames = seen;
  });
}

/** What was seen since; the first frame, which only begins it, is left out. */
export async function framesSeen(page) {
  const { frames, tasks } = await page.evaluate(() => {
    const seen = window.seenFrames;
    seen.on = false;
    seen.observer.disconnect();
    return { frames: seen.frames, tasks: seen.tasks };
  });
  return { frames: spread(frames.slice(1)), longTasks: spread(tasks), over50: frames.slice(1).filter((one) => one > 50).length };
}

/** Scrolls the grid from one end to the other in so many frames, as a dragged scroll bar does. */
export async function dragThrough(page, frames) {
  await page.evaluate((frames) => new Promise((resolve) => {
    const grid = document.querySelector('[role=grid]');
    const whole = grid.scrollHeight - grid.clientHeight;
    let done = 0;
    const frame = () => {
      done += 1;
      grid.scrollTop = (whole * done) / frames;
      if (done < frames) requestAnimationFrame(frame);
      else resolve();
    };
    requestAnimationFrame(frame);
  }), frames);
}

/** Starts to watch how long keys take to show. The browser tells of those from 16 ms on. */
export async function watchInputs(page) {
  await page.evaluate(() => {
    const seen = { durations: [], keys: 0 };
    window.addEventListener('keydown', () => { seen.keys += 1; }, true);
    seen.observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (['keydown', 'keypress', 'beforeinput', 'input', 'keyup'].includes(entry.name)) seen.durations.push(entry.duration);
      }
    });
    seen.observer.observe({ type: 'event', durationThreshold: 16 });
    window.seenInputs = seen;
  });
}

/** What was seen since: milliseconds from the key to the paint that shows it. */
export async function inputsSeen(page) {
  const { durations, keys } = await page.evaluate(() => {
    window.seenInputs.observer.disconnect();
    const { durations, keys } = window.seenInputs;
    return { durations, keys };
  });
  return { keys, ...spread(durations) };
}
