from yitong.cli.main import main

main()
