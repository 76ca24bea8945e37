//! Modules of a device.

texts! {
    /// Texts of the modules tab.
    Modules {
        title: "Modules", "모듈";
        explained: "A module has its own keys, twin and connection: use one for each program on the device that should not share its credentials.", "모듈은 고유한 키, 트윈, 연결을 가집니다. 디바이스의 프로그램마다 자격 증명을 따로 두려면 모듈을 사용하세요.";
        add: "Add module", "모듈 추가";
        column_module: "Module", "모듈";
        column_state: "State", "상태";
        column_managed: "Managed by", "관리 주체";
        column_type: "Authentication", "인증";
        column_activity: "Last activity", "최근 활동";
        column_actions: "Actions", "작업";
        authentication_none: "None: the edge runtime", "없음: 에지 런타임";
        system: "System", "시스템";
        keys_of: "keys of {id}", "{id} 키";
        copy_connection: "Copy the connection string of {id}", "{id} 연결 문자열 복사";
        no_key: "This module has no key that you may read", "읽을 수 있는 키가 없는 모듈입니다";
        system_stays: "It belongs to the edge runtime and goes with the device", "에지 런타임의 일부이며 디바이스와 함께 삭제됩니다";
        no_secrets: "This module signs with nothing of its own.", "자체 자격 증명이 없는 모듈입니다.";
        delete_of: "Delete {id}", "{id} 삭제";
        delete_title: "Delete the module {id}?", "{id} 모듈을 삭제할까요?";
        delete_text: "Its keys and its twin are removed for good, and it is cut off. The device {device} and its other modules stay as they are.", "키와 트윈이 영구히 삭제되고 연결이 끊깁니다. {device} 디바이스와 다른 모듈은 그대로입니다.";
        deleted: "The module {id} is deleted", "{id} 모듈을 삭제했습니다";
        empty_title: "No module yet", "모듈이 없습니다";
        empty_text: "Most devices need none. Add one when a program on the device should connect with keys of its own.", "대부분의 디바이스에는 필요하지 않습니다. 디바이스의 프로그램이 자체 키로 연결해야 할 때 추가하세요.";
        create_title: "Add a module to {device}", "{device}에 모듈 추가";
        create_id: "Module id", "모듈 ID";
        create_managed: "Managed by", "관리 주체";
        create_managed_hint: "Who looks after it, in your own words. May stay empty.", "관리하는 주체를 자유롭게 적습니다. 비워 둘 수 있습니다.";
        id_empty: "Give the module an id.", "모듈 ID를 입력하세요.";
        id_system: "This name belongs to the edge runtime.", "에지 런타임이 사용하는 이름입니다.";
        id_taken: "This device already has a module of that name.", "같은 이름의 모듈이 이미 있습니다.";
        created_text: "Give this connection string to the program. It can be copied from this page again later.", "이 연결 문자열을 프로그램에 입력하세요. 나중에 이 페이지에서 다시 복사할 수 있습니다.";
        done: "Done", "완료";
    }
}
