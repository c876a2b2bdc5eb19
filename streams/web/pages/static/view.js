// Keeps a page up to date: fetches it again and puts in what has changed. Without this script the
// page reloads itself. It asks this server alone, and only while the page can be seen.
"use strict";
(() => {
  const seconds = Number(document.body.dataset.refresh);
  if (!seconds) return;

  const content = document.getElementById("content");
  const pause = document.getElementById("pause");
  let paused = false;

  pause.setAttribute("role", "button");
  pause.addEventListener("click", (event) => {
    event.preventDefault();
    paused = !paused;
    pause.textContent = paused ? "Follow" : "Pause";
  });
  // The space bar presses buttons, but not links.
  pause.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    pause.click();
  });

  // A link is the same if it leads to the same place; other elements are told by their order.
  const again = (fresh, element, place) => {
    const same = [...fresh.querySelectorAll(element.tagName)];
    const target = element.getAttribute("href");
    if (target === null) return same[place];
    return same.find((one) => one.getAttribute("href") === target) || fresh.querySelector(".scroll");
  };

  // A reader's place in a table, what is unfolded, and what has the focus, outlast an update.
  const replace = (old, fresh) => {
    const unfolded = [...old.querySelectorAll("details")].map((one) => one.open);
    [...fresh.querySelectorAll("details")].forEach((one, place) => {
      one.open = unfolded[place] || one.open;
    });
    if (old.outerHTML === fresh.outerHTML) return;
    const scrolled = [...old.querySelectorAll(".scroll")].map((box) => [box.scrollLeft, box.scrollTop]);
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    const place = focused ? [...old.querySelectorAll(focused.tagName)].indexOf(focused) : -1;
    old.replaceWith(fresh);
    [...fresh.querySelectorAll(".scroll")].forEach((box, number) => {
      [box.scrollLeft, box.scrollTop] = scrolled[number] || [0, 0];
    });
    if (focused) again(fresh, focused, place)?.focus({ preventScroll: true });
  };

  const update = async () => {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("content");
    const names = [...content.children].map((part) => part.id);
    if (names.join() === [...fresh.children].map((part) => part.id).join()) {
      [...fresh.children].forEach((part, place) => replace(content.children[place], part));
    } else {
      content.replaceChildren(...fresh.children);
    }
    document.getElementById("now").replaceWith(page.getElementById("now"));
    document.title = page.title;
  };

  const lost = document.createElement("p");
  lost.className = "alert bad";
  lost.setAttribute("role", "alert");
  lost.textContent = "The worker does not answer. This page tries again by itself.";

  const turn = async () => {
    const selecting = String(getSelection()) !== "";
    if (!paused && !document.hidden && !selecting) {
      try {
        await update();
        lost.remove();
      } catch {
        document.body.insertBefore(lost, content);
      }
    }
    setTimeout(turn, seconds * 1000);
  };
  setTimeout(turn, seconds * 1000);
})();
