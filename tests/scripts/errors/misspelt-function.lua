trian(1)
