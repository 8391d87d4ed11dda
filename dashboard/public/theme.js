// Runs before the first paint so that a remembered theme does not flash. A file of its own, since
// the content security policy allows no inline script.
try {
  var theme = localStorage.getItem('surveillx.theme');
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's theme is used then.
}
