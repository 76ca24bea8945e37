//! Configurations.

texts! {
    /// Texts of the configurations and of what they do to one device.
    Configurations {
        title: "Configurations", "구성";
        explained: "A configuration writes desired properties into every twin that its condition picks, now and whenever a device begins to match. Of several, the higher priority wins.", "구성은 조건에 맞는 모든 트윈에 desired 속성을 기록합니다. 나중에 조건에 맞게 된 디바이스에도 적용되며, 여러 구성이 겹치면 우선순위가 높은 쪽이 적용됩니다.";
        table: "Configurations, the highest priority first", "우선순위가 높은 순의 구성";
        shown_one: "{n} configuration", "구성 {n}개";
        shown_other: "{n} configurations", "구성 {n}개";
        refresh: "Refresh", "새로 고침";
        create: "New configuration", "새 구성";
        empty_title: "No configuration yet", "아직 구성이 없습니다";
        empty_text: "Make one to keep a setting on all devices of a kind, also on those that are still to come.", "구성을 만들면 같은 종류의 모든 디바이스에 설정을 유지할 수 있습니다. 앞으로 추가될 디바이스에도 적용됩니다.";
        column_priority: "Priority", "우선순위";
        column_id: "Configuration", "구성";
        column_condition: "Target condition", "대상 조건";
        column_reach: "Applied", "적용";
        column_changed: "Changed", "변경";
        reach_of: "{applied} of {targeted}", "{targeted} 중 {applied}";
        reach_bar: "Applied to {applied} of {targeted} twins", "트윈 {targeted}개 중 {applied}개에 적용됨";
        not_counted: "Not counted", "집계 안 됨";
        everybody: "All devices", "모든 디바이스";
        nobody: "Nobody", "대상 없음";

        gone_title: "There is no configuration {id}", "{id} 구성이 없습니다";
        gone_text: "It was deleted, or its name is another one.", "삭제되었거나 이름이 다릅니다.";
        to_list: "To the configurations", "구성 목록으로";
        edit: "Edit", "편집";
        delete: "Delete", "삭제";
        delete_title: "Delete {id}?", "{id} 구성을 삭제할까요?";
        delete_text: "Twins get what the next priority wants there. What no other configuration sets stays in the twins as it is.", "트윈은 다음 우선순위 구성의 값을 받습니다. 다른 구성이 설정하지 않는 값은 트윈에 그대로 남습니다.";
        deleted: "{id} is deleted", "{id} 구성을 삭제했습니다";
        reach: "Reach", "적용 범위";
        targeted: "targeted", "대상";
        applied: "applied", "적용됨";
        reported_ok: "reported success", "성공 보고";
        reported_bad: "reported failure", "실패 보고";
        reach_note: "Counted when this was read. Those targeted but not applied belong to a higher priority, or the content does not fit into their twin.", "읽은 시점의 집계입니다. 대상이지만 적용되지 않은 디바이스는 우선순위가 더 높은 구성이 차지했거나 내용이 트윈에 맞지 않는 경우입니다.";
        metrics: "Metrics", "메트릭";
        metrics_none: "This configuration has no metrics of its own.", "이 구성에는 따로 정한 메트릭이 없습니다.";
        column_metric: "Metric", "메트릭";
        column_query: "Query", "쿼리";
        column_count: "Count", "개수";
        content: "Content", "내용";
        content_fixed: "The content of a configuration never changes. For other content make a new one with a higher priority.", "구성의 내용은 바꿀 수 없습니다. 다른 내용이 필요하면 우선순위가 더 높은 새 구성을 만드세요.";
        facts: "Settings", "설정";
        labels: "Labels", "레이블";
        created: "Created", "생성";
        changed: "Changed", "변경";

        create_title: "New configuration", "새 구성";
        edit_title: "Edit {id}", "{id} 편집";
        form_explained: "Nothing is written before you confirm.", "확인하기 전에는 아무것도 기록하지 않습니다.";
        id: "Id", "구성 ID";
        id_hint: "Lower-case letters, digits and - + % _ * ! '", "영문 소문자, 숫자, - + % _ * ! '";
        id_wrong: "1 to 128 lower-case letters, digits or - + % _ * ! '", "영문 소문자, 숫자, - + % _ * ! ' 1~128자";
        priority_hint: "The higher one wins where two set the same property.", "같은 속성을 설정하면 우선순위가 높은 구성이 적용됩니다.";
        priority_wrong: "A whole number, 0 or more", "0 이상의 정수여야 합니다";
        condition_hint: "What stands behind WHERE, for example tags.type = 'chiller'; * picks all devices, nothing picks nobody.", "WHERE 뒤에 오는 조건입니다. 예: tags.type = 'chiller'. *는 모든 디바이스, 빈 값은 대상 없음을 뜻합니다.";
        matches_one: "{n} twin matches now", "지금 트윈 {n}개와 일치";
        matches_other: "{n} twins match now", "지금 트윈 {n}개와 일치";
        content_hint: "One of deviceContent, moduleContent or modulesContent; keys are properties.desired or a path below it.", "deviceContent, moduleContent, modulesContent 중 하나이며 키는 properties.desired 또는 그 아래 경로입니다.";
        content_family: "Exactly one of deviceContent, moduleContent, modulesContent", "deviceContent, moduleContent, modulesContent 중 하나만 있어야 합니다";
        content_key: "Keys must be properties.desired or a path below it", "키는 properties.desired 또는 그 아래 경로여야 합니다";
        content_empty: "The content sets nothing", "설정하는 내용이 없습니다";
        not_json: "The content is not JSON yet", "내용이 아직 올바른 JSON이 아닙니다";
        label_name: "Label", "레이블";
        label_text: "Value", "값";
        add_label: "Add a label", "레이블 추가";
        remove_label: "Remove label {n}", "{n}번째 레이블 제거";
        metric_name: "Metric", "메트릭";
        metric_text: "Query", "쿼리";
        add_metric: "Add a metric", "메트릭 추가";
        remove_metric: "Remove metric {n}", "{n}번째 메트릭 제거";
        metric_wrong: "{name}: {why}", "메트릭 {name}: {why}";
        correct_first: "Correct what is marked", "표시된 항목을 바로잡으세요";
        no_change: "Nothing is changed", "변경된 내용이 없습니다";
        changes: "What changes", "변경 내용";
        save: "Save", "저장";
        save_create_title: "Create {id}?", "{id} 구성을 만들까요?";
        save_edit_title: "Change {id}?", "{id} 구성을 변경할까요?";
        save_text: "The hub writes it into {n} twins now, and into every twin that begins to match.", "허브가 지금 트윈 {n}개에 기록하며, 나중에 조건에 맞게 되는 트윈에도 기록합니다.";
        saved: "{id} is saved", "{id} 구성을 저장했습니다";

        effective: "Who sets what", "속성별 구성";
        effective_explained: "For every leaf of the desired properties: the configuration that has it, and those that wanted it as well.", "desired 속성마다 값을 정한 구성과 밀려난 구성을 보여 줍니다.";
        effective_empty_title: "No configuration matches this device", "이 디바이스에 맞는 구성이 없습니다";
        effective_empty_text: "Its desired properties are as somebody wrote them.", "desired 속성은 직접 기록한 그대로입니다.";
        matching: "Matching configurations", "일치하는 구성";
        status_applied: "Applied", "적용됨";
        status_targeted: "Targeted", "대상";
        column_path: "Property", "속성";
        column_value: "Value", "값";
        column_set_by: "Set by", "설정한 구성";
        column_lost: "Also wanted by", "밀려난 구성";
        by_hand: "Written by hand", "직접 기록";
        drifted: "wants {value}", "원하는 값 {value}";
        lost_priority: "lower priority", "낮은 우선순위";
        lost_created: "older", "먼저 생성됨";
        lost_id: "by its name", "이름 순서";
        module: "Module {id}", "모듈 {id}";
    }
}
