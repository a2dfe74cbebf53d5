//! What a real browser shows of the dressed pages: headless Chromium, all pages in one start, light and dark.
