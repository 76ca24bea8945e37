//! Methods tab.

texts! {
    /// Texts of direct methods.
    Methods {
        title: "Call a method", "메서드 호출";
        name: "Method name", "메서드 이름";
        name_hint: "As the device registered it, for example reboot", "디바이스에 등록된 이름, 예: reboot";
        name_invalid: "Printable letters without spaces or $ ( ) < > @ , ; : / [ ] ? = { } # +, at most 100.", "공백과 $ ( ) < > @ , ; : / [ ] ? = { } # + 을 제외한 문자, 최대 100자.";
        payload: "Payload (JSON)", "페이로드 (JSON)";
        payload_hint: "Leave empty to send none.", "비워 두면 보내지 않습니다.";
        response_timeout: "Response timeout, seconds", "응답 제한 시간(초)";
        connect_timeout: "Wait for connection, seconds", "연결 대기 시간(초)";
        timeout_range: "A whole number from {low} to {high}.", "{low}–{high} 사이의 정수.";
        connect_longer: "Cannot be longer than the response timeout.", "응답 제한 시간보다 길 수 없습니다.";
        call: "Call method", "메서드 호출";
        calling: "Waiting for the device, {n} s", "디바이스 응답 대기 중, {n}초";
        result_title: "Answer", "응답";
        no_result: "The device’s answer shows here, with its status and how long it took.", "디바이스의 응답과 상태, 걸린 시간이 여기에 표시됩니다.";
        status: "Status {n}", "상태 {n}";
        took: "{n} ms", "{n}밀리초";
        no_payload: "No payload", "페이로드 없음";
        history: "History", "기록";
        history_empty: "Calls made in this window are listed here.", "이 창에서 호출한 내역이 여기에 표시됩니다.";
        use_again: "Use again", "다시 사용";
        use_again_for: "Use {name} of {time} again", "{time}의 {name} 다시 사용";
        failed: "Failed", "실패";
        offline_hint: "The device is not connected. The call fails at once unless it waits for the connection.", "디바이스가 연결되어 있지 않습니다. 연결 대기 시간을 지정하지 않으면 호출이 바로 실패합니다.";
        error_not_online: "The device is not connected, or does not listen for methods.", "디바이스가 연결되어 있지 않거나 메서드를 받지 않습니다.";
        error_no_answer: "The device did not answer in time.", "디바이스가 제한 시간 안에 응답하지 않았습니다.";
        column_time: "Time", "시간";
        column_method: "Method", "메서드";
        column_result: "Result", "결과";
        column_took: "Duration", "걸린 시간";
        column_again: "Repeat", "반복";
    }
}
