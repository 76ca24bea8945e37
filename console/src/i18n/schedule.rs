//! Scheduling a job.

texts! {
    /// Texts of the steps in which a job is scheduled.
    Schedule {
        title: "Schedule a job", "작업 예약";
        explained: "Nothing happens until you confirm at the end.", "마지막에 확인하기 전까지는 아무 일도 일어나지 않습니다.";
        steps: "Steps", "단계";
        step_target: "Target", "대상";
        step_action: "Action", "동작";
        step_time: "Schedule", "일정";
        step_review: "Review", "검토";
        back: "Back", "이전";
        next: "Next", "다음";

        who: "Which devices", "대상 디바이스";
        everybody: "All devices", "모든 디바이스";
        everybody_hint: "Every device that is registered when the job starts.", "작업을 시작할 때 등록되어 있는 모든 디바이스입니다.";
        some: "Devices that fulfil a condition", "조건에 맞는 디바이스";
        some_hint: "What stands behind WHERE in a query, for example tags.site = 'oslo'.", "쿼리에서 WHERE 뒤에 오는 내용입니다. 예: tags.site = 'oslo'";
        condition: "Condition", "조건";
        condition_missing: "Write a condition", "조건을 입력하세요";
        condition_wrong: "The condition cannot be used", "사용할 수 없는 조건입니다";
        settled: "Who takes part is settled when the job starts, not now.", "대상은 지금이 아니라 작업이 시작될 때 정해집니다.";
        matching: "What matches now", "지금 일치하는 디바이스";
        counted: "devices match", "일치하는 디바이스";
        offline: "are offline", "오프라인";
        sample: "The first of them", "처음 몇 대";
        sample_more: "And {n} more.", "그 외 {n}대가 더 있습니다.";
        nobody: "No device matches now. The job would end at once, without touching anything.", "지금은 일치하는 디바이스가 없습니다. 작업이 아무것도 하지 않고 바로 끝납니다.";
        column_device: "Device", "디바이스";
        column_connection: "Connection", "연결";
        column_tags: "Tags", "태그";

        what: "What to do", "수행할 동작";
        twin: "Change the twin", "트윈 변경";
        twin_hint: "Tags and desired properties are merged into every twin; null removes a key. Devices that are away get it when they connect.", "태그와 desired 속성을 모든 트윈에 병합하며 null은 키를 제거합니다. 오프라인 디바이스는 연결할 때 받습니다.";
        method: "Call a method", "메서드 호출";
        method_hint: "Connected devices are called at once, the others when they connect, until the time is over.", "연결된 디바이스는 바로, 나머지는 제한 시간 안에 연결하면 호출합니다.";
        patch: "Patch (JSON)", "패치 (JSON)";
        patch_hint: "An object with tags, properties.desired, or both.", "tags, properties.desired 중 하나 이상을 담은 객체입니다.";
        patch_empty: "The patch changes nothing", "패치에 변경 내용이 없습니다";
        patch_foreign: "Only objects tags and properties.desired can be changed", "tags 객체와 properties.desired 객체만 변경할 수 있습니다";
        not_json: "The text is not JSON yet", "아직 올바른 JSON이 아닙니다";
        method_missing: "Name the method", "메서드 이름을 입력하세요";
        numbers_wrong: "Correct the timeouts", "제한 시간을 바로잡으세요";

        when: "When", "시작 시각";
        at_once: "At once", "바로 시작";
        at_time: "At a set time", "시간 지정";
        start: "Start time", "시작 시간";
        start_hint: "At most 168 hours ahead.", "최대 168시간 뒤까지 정할 수 있습니다.";
        start_wrong: "Choose a time within the next 168 hours", "앞으로 168시간 안의 시간을 선택하세요";
        lifetime: "May take", "제한 시간";
        lifetime_hint: "Then devices that were not reached have failed. At most 30 days.", "시간이 지나면 연결하지 못한 디바이스는 실패로 처리합니다. 최대 30일입니다.";
        lifetime_wrong: "A whole number, at most 30 days", "30일 이하의 정수를 입력하세요";
        unit: "Unit", "단위";
        unit_minutes: "Minutes", "분";
        unit_hours: "Hours", "시간";
        unit_days: "Days", "일";
        name: "Job id", "작업 ID";
        name_wrong: "1 to 64 letters, digits, - _ . or an apostrophe", "영문자, 숫자, - _ . ' 1~64자";
        how: "How fast", "진행 방식";
        together: "All devices at once", "모든 디바이스를 한꺼번에";
        in_waves: "In waves", "웨이브로 나누어";
        waves_at: "In waves that end at {shares} percent", "누적 {shares}퍼센트에서 끝나는 웨이브";
        in_waves_hint: "A few devices first. The next wave begins when enough of the last one succeeded.", "일부 디바이스부터 시작하며, 앞 웨이브가 충분히 성공하면 다음 웨이브를 시작합니다.";
        shares: "Waves end at, in percent", "웨이브별 누적 비율(%)";
        shares_hint: "Rising to 100, for example 5, 25, 100.", "100까지 커지는 값입니다. 예: 5, 25, 100";
        shares_wrong: "Up to 20 rising numbers, the last one 100", "커지는 숫자 최대 20개, 마지막은 100이어야 합니다";
        success: "Of a wave must succeed, in percent", "웨이브 성공 기준(%)";
        percent_wrong: "Above 0 and at most 100", "0보다 크고 100 이하여야 합니다";
        pause: "Pause between waves, in minutes", "웨이브 사이 대기(분)";
        pause_hint: "Empty: somebody begins the next wave by hand.", "비워 두면 사람이 다음 웨이브를 시작합니다.";
        pause_wrong: "A whole number of minutes, or nothing", "분 단위 정수를 입력하거나 비워 두세요";
        stop_at: "Stop when so many fail, in percent", "중단할 실패 비율(%)";
        stop_least: "But not before so many devices", "판단에 필요한 최소 디바이스";
        stop_hint: "Empty: failures stop nothing but the wave.", "비워 두면 실패해도 해당 웨이브만 멈춥니다.";
        stop_wrong: "A whole number, 1 or more", "1 이상의 정수여야 합니다";

        why: "Reason to run in spite of maintenance policies", "유지 관리 정책을 무시하는 이유";
        why_hint: "Leave empty to have policies hold disruptive steps until their window. With a reason it runs at once; the record tells who and why.", "비워 두면 정책에 따라 중단을 일으키는 단계가 허용 시간까지 보류됩니다. 이유를 쓰면 바로 실행되고 누가 왜 실행했는지 기록에 남습니다.";
        why_wrong: "10 to 256 characters", "10~256자여야 합니다";
        review: "What will happen", "실행 내용";
        review_all_twin: "The twins of all {n} devices are changed.", "디바이스 {n}대 전체의 트윈을 변경합니다.";
        review_some_twin: "The twins of {n} devices are changed.", "디바이스 {n}대의 트윈을 변경합니다.";
        review_all_method: "{method} is called on all {n} devices.", "디바이스 {n}대 전체에서 {method}을(를) 호출합니다.";
        review_some_method: "{method} is called on {n} devices.", "디바이스 {n}대에서 {method}을(를) 호출합니다.";
        review_offline_method: "{n} of them are offline: they are called when they connect, until the time is over.", "그중 {n}대는 오프라인이며, 제한 시간 안에 연결하면 호출합니다.";
        review_offline_twin: "{n} of them are offline: their twins are changed all the same, and they learn of it when they connect.", "그중 {n}대는 오프라인입니다. 트윈은 그대로 변경하며 디바이스는 연결할 때 받습니다.";
        sample_diff: "The change on {id}", "{id}의 변경";
        sample_same: "This twin already is as the patch wants it.", "이 트윈은 이미 패치와 같습니다.";
        as_request: "The same by REST", "REST로 같은 작업";
        start_job: "Schedule job", "작업 예약하기";
        confirm_title: "Schedule {id} for {n} devices?", "디바이스 {n}대에 {id} 작업을 예약할까요?";
        confirm_text: "A job has no undo. It can be paused and stopped while it runs.", "작업은 되돌릴 수 없습니다. 실행 중에 일시 중지하거나 중지할 수 있습니다.";
        scheduled: "The job is scheduled", "작업을 예약했습니다";
    }
}
