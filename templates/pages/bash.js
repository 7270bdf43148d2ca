"use strict";
(() => {
  const every = 3000, slow = 30000;
  const state = document.getElementById("state");
  const set = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };
  let tag = "", over = false;
  const show = (board) => {
    set(document.getElementById("done"), String(board.done));
    document.getElementById("progress").value = board.done;
    if (board.participants.length) set(document.getElementById("thanks"), (board.over ? "Took part: " : "Here so far: ") + board.participants.join(", "));
    for (const batch of board.batches) {
      set(document.querySelector(`[data-batch="${batch.number}"]`), `${batch.done} of ${batch.items.length}`);
      for (const item of batch.items) {
        const row = document.querySelector(`[data-item="${item.number}"]`);
        if (!row) continue;
        row.className = item.state;
        set(row.querySelector(".word"), item.word);
      }
    }
    set(state, board.over ? "The bash has ended. Thank you!" : "This page follows by itself.");
    if (board.over) set(document.getElementById("when"), `It ended at ${board.ends}.`);
    over = board.over;
  };
  const ask = async () => {
    let failed = false;
    try {
      const answer = await fetch(location.pathname + ".json", { headers: tag ? { "If-None-Match": tag } : {} });
      if (answer.status === 200) {
        tag = answer.headers.get("ETag") || "";
        show(await answer.json());
      } else if (answer.status !== 304) {
        throw new Error(String(answer.status));
      }
    } catch {
      set(state, "The service does not answer just now; this page tries again.");
      failed = true;
    }
    setTimeout(ask, failed || over || document.hidden ? slow : every);
  };
  ask();
})();
