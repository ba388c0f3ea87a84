// Small comforts. Every page works without them.
"use strict";

const sections = () => document.querySelectorAll("details.section");

for (const folding of document.querySelectorAll(".folding")) {
  folding.hidden = sections().length < 2;
  folding.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fold]");
    if (button) for (const section of sections()) section.open = Boolean(button.dataset.fold);
  });
}

// A link to one value opens the section that it is in.
const reveal = () => {
  const found = location.hash && document.getElementById(location.hash.slice(1));
  const section = found && found.closest("details");
  if (section && !section.open) {
    section.open = true;
    found.scrollIntoView();
  }
};
addEventListener("hashchange", reveal);
reveal();
