//! Tiles of current issues.

texts! {
    /// Texts of the tiles and of managing them.
    Issues {
        title: "Current issues", "현재 문제";
        issues_one: "{n} issue", "문제 {n}건";
        issues_other: "{n} issues", "문제 {n}건";
        calm: "No issues right now", "지금은 문제가 없습니다";
        add: "Add tile", "타일 추가";
        edit: "Edit", "편집";
        delete: "Delete", "삭제";
        edit_named: "Edit the tile {id}", "{id} 타일 편집";
        delete_named: "Delete the tile {id}", "{id} 타일 삭제";
        tiles: "Tiles, the most urgent first", "긴급한 순서의 타일";
        error: "Error", "오류";
        warning: "Warning", "경고";
        info: "Info", "정보";
        devices_one: "device", "대";
        devices_other: "devices", "대";
        nobody: "No device", "해당 디바이스 없음";
        longest: "longest {age}", "최장 {age}";
        first: "Devices in {id}, those longest in it first", "{id}에 속한 디바이스, 오래된 순";
        since_unknown: "time not known", "시각 알 수 없음";
        all_one: "Show the device", "디바이스 보기";
        all_other: "All {n} devices", "{n}대 모두 보기";
        live: "Live", "실시간";
        looked: "Every few seconds", "몇 초마다 갱신";
        connecting: "Connecting", "연결 중";
        lost: "Not live, as of {age}", "실시간 아님, {age} 기준";
        lost_unknown: "Not live", "실시간 아님";
        refused: "The hub does not show this: {reason}", "허브가 이 항목을 표시하지 않습니다: {reason}";
        too_many: "Too many devices to list by age. They are counted every few seconds.", "디바이스가 너무 많아 오래된 순으로 표시할 수 없습니다. 개수는 몇 초마다 갱신됩니다.";
        empty_title: "Put what matters on tiles", "중요한 문제를 타일로 표시하세요";
        empty_text: "A tile is a saved query. It counts the devices that fulfil a condition at this moment, lists those that have been in it longest, and changes by itself. The worst comes first. Begin with one of these, and change its condition to what your devices report.", "타일은 저장된 쿼리입니다. 지금 조건을 만족하는 디바이스를 세고 가장 오래된 디바이스부터 보여 주며 자동으로 바뀝니다. 심각한 타일이 먼저 표시됩니다. 아래 예시로 시작해 디바이스가 보고하는 값에 맞게 조건을 바꾸세요.";
        suggestions: "Suggestions", "추천";
        add_suggestion: "Add", "추가";
        add_suggestion_named: "Add the tile {id}", "{id} 타일 추가";
        firmware_failed: "Firmware updates that failed", "펌웨어 업데이트 실패";
        not_connected: "Enabled, but not connected", "사용 중이지만 연결되지 않음";
        battery_low: "Battery below 20 %", "배터리 20 % 미만";
        create_title: "Add a tile", "타일 추가";
        edit_title: "Edit {id}", "{id} 편집";
        name: "Name", "이름";
        name_hint: "1–64 letters, digits and - . _", "영문자, 숫자, - . _ 조합 1–64자";
        name_illegal: "Only letters, digits and - . _, at most 64 of them.", "영문자, 숫자, - . _만 최대 64자까지 사용할 수 있습니다.";
        name_taken: "A saved group has this name already.", "같은 이름의 저장된 그룹이 있습니다.";
        severity: "Severity", "심각도";
        condition: "Condition", "조건";
        condition_hint: "As behind WHERE in a query over devices, such as tags.site = 'oslo' AND connectionState = 'Disconnected'", "디바이스 쿼리의 WHERE 뒤에 쓰는 조건. 예: tags.site = 'oslo' AND connectionState = 'Disconnected'";
        description: "Description", "설명";
        description_hint: "Shown on the tile: what it means and what to do about it.", "타일에 표시됩니다. 의미와 조치 방법을 적으세요.";
        preview_empty: "Write a condition to see how many devices fulfil it.", "조건을 입력하면 만족하는 디바이스 수가 표시됩니다.";
        preview_counting: "Counting…", "세는 중…";
        preview_one: "{n} device fulfils this now", "현재 {n}대가 조건을 만족합니다";
        preview_other: "{n} devices fulfil this now", "현재 {n}대가 조건을 만족합니다";
        preview_failed: "The condition could not be counted.", "조건에 맞는 수를 확인하지 못했습니다.";
        save: "Save", "저장";
        saved: "{id} is saved", "{id}을(를) 저장했습니다";
        conflict: "Somebody else changed this tile meanwhile. Close this and open it again.", "다른 사용자가 먼저 이 타일을 변경했습니다. 닫고 다시 여세요.";
        delete_title: "Delete the tile {id}?", "{id} 타일을 삭제할까요?";
        delete_text: "The saved group goes for everybody, and its tile with it. Devices stay as they are.", "저장된 그룹과 타일이 모든 사용자에게서 삭제됩니다. 디바이스는 그대로 유지됩니다.";
        deleted: "{id} is deleted", "{id}을(를) 삭제했습니다";
    }
}
