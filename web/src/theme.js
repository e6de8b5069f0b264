// SPDX-License-Identifier: Apache-2.0
/** Runs before the first paint, so that a chosen theme never flashes in the other one's colours. */
try {
  const theme = JSON.parse(localStorage.getItem('aldis.settings') ?? '{}').theme;
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
} catch {
  /* storage is off, or its content is not ours: the system's theme */
}
