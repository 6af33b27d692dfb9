// The page's own words. What a rule, a clause or an alert says comes from the agent, never from here.

const WORDS = {
  product: ["设备健康", "Device health"],
  other_language: ["English", "中文"],
  normal: ["正常", "Normal"],
  warning: ["注意", "Attention"],
  critical: ["停止工作", "Stop work"],
  unknown: ["无法确认", "Cannot confirm"],
  gone: ["监测程序没有应答", "The agent does not answer"],
  starting: ["正在连接", "Connecting"],
  go_normal: ["可以工作，没有发现异常。", "Work can go on; nothing abnormal was found."],
  go_warning: ["可以继续工作，请把下面的情况告知 IT。", "Work can go on; tell IT what stands below."],
  go_critical: ["请立即停止操作，并通知 IT。", "Stop what you are doing now and notify IT."],
  go_unknown: ["没有发现故障，但有项目无法判断，不能确认一切正常。", "No fault was found, but something could not be told: normal cannot be confirmed."],
  go_gone: ["现在的情况不得而知，请不要当作正常。请通知 IT。", "How things are now is not known; do not take it for normal. Notify IT."],
  go_starting: ["正在向监测程序询问。", "Asking the agent."],
  last_data: ["最后一次数据：{}（{}）", "Last data: {} ({})"],
  no_data: ["打开本页以来没有收到数据。", "No data has come since this page was opened."],
  stalled: ["监测程序还在，但没有新的测量。", "The agent is there, but measures nothing new."],
  contact: ["联系 IT", "Call IT"],
  checked: ["{}检查", "checked {}"],
  updated: ["{}更新", "updated {}"],
  ago_seconds: ["{} 秒前", "{} s ago"],
  ago_minutes: ["{} 分钟前", "{} min ago"],
  ago_hours: ["{} 小时前", "{} h ago"],
  just_now: ["刚刚", "just now"],
  what_to_do: ["现在怎么做", "What to do now"],
  since: ["{} 起", "since {}"],
  clause: ["规程 {}", "clause {}"],
  acknowledge: ["我已告知 IT", "I have told IT"],
  acknowledged: ["{} 已告知 IT（{}）", "{} has told IT ({})"],
  cannot_tell_now: ["现在读不到数据，无法判断是否还在", "no data now: whether it lasts cannot be told"],
  silenced: ["已静默到 {}", "silenced until {}"],
  silence: ["静默…", "Silence…"],
  silence_for: ["静默多久", "For how long"],
  hours: ["{} 小时", "{} h"],
  reason: ["原因", "Reason"],
  do_silence: ["静默", "Silence"],
  end_silence: ["结束静默", "End the silence"],
  silences: ["已静默的规则", "Silenced rules"],
  silence_line: ["{}：到 {}，{}（{}）", "{}: until {}, {} ({})"],
  watched: ["观察中", "Being watched"],
  watched_line: ["{}：尚未持续到需要提醒的时间", "{}: has not lasted long enough to be told"],
  clauses: ["规程条款", "Clauses of the procedure"],
  summed_up: ["汇总：{}", "Sums up {}"],
  more: ["其余 {} 项", "{} more"],
  not_here: ["本机量不到的 {} 项", "{} that cannot be measured here"],
  curve: ["最近 15 分钟，从 {} 到 {}", "last 15 minutes, from {} to {}"],
  curve_none: ["还没有曲线", "no curve yet"],
  person: ["由人确认", "You confirm"],
  person_hint: ["在“上岗前检查”里回答。", "Answered in the check before work."],
  not_known_now: ["现在未知", "not known now"],
  check: ["上岗前检查", "Check before work"],
  check_intro: ["代理重新测量一遍（约 6 秒），您回答只有人能回答的问题；结果和回答以您的名字记入记录。", "The agent measures everything anew (about 6 s) while you answer what only a person can tell; result and answers are recorded under your name."],
  check_begin: ["开始检查", "Begin the check"],
  check_again: ["重新检查", "Check again"],
  measuring: ["正在测量…", "Measuring…"],
  measured: ["测量完成。", "Measured."],
  questions: ["请回答", "Please answer"],
  yes: ["是", "Yes"],
  no: ["否", "No"],
  skipped: ["跳过", "Skip"],
  check_finish: ["完成检查", "Finish the check"],
  finishing: ["正在完成…", "Finishing…"],
  recorded: ["已于 {} 记录。", "Recorded at {}."],
  not_recorded: ["检查未记录：{}", "The check is not recorded: {}"],
  found_nothing: ["没有发现异常。", "Nothing abnormal was found."],
  record: ["今日记录", "Today's record"],
  monitored: ["已监测 {}", "monitored {}"],
  count_checks: ["检查 {} 次", "checks: {}"],
  count_alerts: ["告警 {} 次", "alerts: {}"],
  count_gaps: ["中断 {} 段", "gaps: {}"],
  was_check: ["{} 检查：{}", "check by {}: {}"],
  was_closing: ["{} 下班检查：{}", "closing check by {}: {}"],
  was_alert: ["{}", "{}"],
  until: ["到 {}", "until {}"],
  lasts: ["仍在持续", "still lasts"],
  was_gap: ["未监测：{}", "not monitored: {}"],
  record_empty: ["今天还没有记录。", "Nothing is recorded today."],
  earlier: ["更早的 {} 条", "{} earlier"],
  hours_minutes: ["{} 小时 {} 分", "{} h {} min"],
  minutes: ["{} 分钟", "{} min"],
  untold: ["量不到什么，为什么", "What cannot be told, and why"],
  untold_intro: ["量不到的不当作正常。", "What cannot be measured is never called normal."],
  probes: ["监测项的说明", "What the probes say"],
  read_only: ["本页只能查看。要确认告警、静默或做检查，请在终端运行 {} 打开本页，这样记录里才有您的名字。", "This page only shows. To acknowledge, silence or check, open it by running {} in a terminal, so that the record names you."],
  signed_in: ["您以 {} 的身份打开本页，操作会以此名记录。", "You opened this page as {}; what you do is recorded under that name."],
  sign_out: ["结束", "End"],
  session_failed: ["这个地址已经用过、超过一分钟，或属于另一个用户。请重新运行 device-health page。", "This address was used before, is older than a minute, or belongs to another user. Run device-health page again."],
  failed: ["没有做成：{}", "It was not done: {}"],
  dismiss: ["知道了", "Dismiss"],
  skip: ["跳到内容", "Skip to the content"],
  version: ["设备健康代理 {}", "Device health agent {}"],
};

const CODES = ["zh", "en"];
const KEPT_AS = "language";

/** The language to begin with: what was chosen before, else the browser's. */
export function firstLanguage() {
  const kept = localStorage.getItem(KEPT_AS);
  if (CODES.includes(kept)) return kept;
  return (navigator.languages ?? [navigator.language]).some((one) => one.toLowerCase().startsWith("zh")) ? "zh" : "en";
}

/** Remember the choice for the next time. */
export function keepLanguage(language) {
  localStorage.setItem(KEPT_AS, language);
}

/** Says things in one language: `say("since", "10:32")`; the gaps are filled in order. */
export function speaker(language) {
  const column = CODES.indexOf(language);
  const say = (key, ...values) => {
    let index = 0;
    return WORDS[key][column].replaceAll("{}", () => values[index++]);
  };
  say.language = language;
  say.colon = language === "zh" ? "：" : ": ";
  return say;
}
